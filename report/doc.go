// Package report counts meetings booked, moved and canceled by day, owner and
// calendar, how far ahead they were booked, and follow-ups by status.
//
// A Tally is given events and runs one by one; its memory use does not depend on
// their number. It reads nothing by itself.
package report
