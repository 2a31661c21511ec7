// Package facts keeps what reports need of events in blocks, a few bytes for
// each event, so that a report decodes only the newest bodies.
//
// A block is made of its events and can be made again at any time. One that is
// missing costs time, not correctness: the events are then read themselves.
package facts
