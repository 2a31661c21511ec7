// Package report counts what happened: meetings booked, moved and canceled by
// day, owner and calendar, how far ahead they were booked, and what became of
// the follow-ups.
//
// A Tally is fed one event and one run after the other and needs the same
// memory for any number of them. It reads nothing by itself.
package report
