// Package httpcall is the action that calls an HTTP API, and the connection
// that knows its address and how to sign in.
package httpcall
