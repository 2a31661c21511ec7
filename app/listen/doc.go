// Package listen is about the addresses that Gavel answers at: their TLS
// certificate, and the proxies in front of them.
package listen
