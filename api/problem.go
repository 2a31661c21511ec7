package api

// VersionHeader is the response header with the server's version.
const VersionHeader = "Gavel-Version"

// Problem is an error as in RFC 9457.
type Problem struct {
	// Type is "about:blank", which means that the status says it all, or one of
	// the constants below.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// UnknownAddress is the Type for a path that this version does not have, as
// opposed to an object that does not exist.
const UnknownAddress = "urn:gavel:problem:unknown-address"
