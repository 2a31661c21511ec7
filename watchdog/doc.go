// Package watchdog detects when no events arrive any more, and when most
// requests have an invalid signature. Both matter because Cirrus Insight
// disables an endpoint that keeps failing, and shows undelivered events for only
// seven days.
//
// From the newest event it computes when the next one is expected at the latest:
//
//	fixed:    newest event + the configured time
//	learned:  newest event + the number of usual hours without one that is unusual
//
//	learning ──► active ──► quiet ──► active …
//
// Usual hours are learned from the stored events, see Rhythm, so nights and
// weekends count less if they usually have few events. All this is computed from
// the store: a restart changes nothing, and all processes that share a database
// get the same result.
package watchdog
