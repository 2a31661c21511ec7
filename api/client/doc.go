// Package client asks a running Gavel over its API, /api/v1 at the second
// address.
//
// Its methods answer as the store of that Gavel would: a missing thing is an
// event.ErrNotFound, a state that does not allow a change an event.ErrConflict,
// with the words of the server. What keeps it from asking at all is one of the
// errors of this package. The token is sent in a header only, to the address
// that was given and to no other, and stands in no error.
package client
