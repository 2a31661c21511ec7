// Package api holds the words of the HTTP API under /api/v1: what it answers
// and what it is asked. The server of the API (console), its client
// (api/client) and the JSON that the command line prints all use them, so that
// a program reads the same whichever of them it asks.
//
// openapi.yaml of package console describes the same for people and tools; a
// test holds real answers against it.
package api
