package api

// VersionHeader carries the version of the Gavel that answers.
const VersionHeader = "Gavel-Version"

// Problem is an error, as RFC 9457 has it.
type Problem struct {
	// Type is "about:blank", which leaves it to the status, or one of the
	// constants below.
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
}

// UnknownAddress is the Type of the answer to an address that this version
// does not have, which is not the same as a thing that is not there.
const UnknownAddress = "urn:gavel:problem:unknown-address"
