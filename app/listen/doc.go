// Package listen handles the addresses that Gavel listens on: their TLS
// certificate, and the reverse proxies in front of them.
package listen
