// Package client calls the API of a running server: /api/v1 at the console
// address.
//
// Its methods return the same errors as the server's store, with the server's
// text: event.ErrNotFound for a missing object, event.ErrConflict for a status
// that does not allow the change. Errors of the connection are those of this
// package. The token is sent only in a header, only to the given address, and is
// in no error.
package client
