// Package api has the types of requests and responses of the HTTP API under
// /api/v1. The server (console), the client (api/client) and the JSON output of
// the command line all use them, so that they agree.
//
// openapi.yaml of package console describes the same; a test checks real
// responses against it.
package api
