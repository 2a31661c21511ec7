// Package watchdog notices when the source of events has gone quiet, and when
// requests keep coming whose signature does not hold. Both matter because
// Cirrus Insight disables an endpoint that keeps failing, and shows what it
// could not deliver for seven days only.
//
// From the newest event it works out the moment by which the next is expected:
//
//	fixed:   newest event + the time that the operator gave
//	learnt:  newest event + as many usual hours without one as are too many
//
//	learning ──► active ──► quiet ──► active …
//
// Usual hours are learnt from the stored events, see Rhythm, so nights and
// weekends count for as little as they usually bring. Everything is worked out
// anew from what is stored: a restart changes nothing, and all processes that
// share a database come to the same.
package watchdog
