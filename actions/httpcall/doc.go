// Package httpcall is the action that calls an HTTP API, and the connection
// with its address and credentials.
package httpcall
