// Package event is the vocabulary of Gavel: the events that Cirrus Insight
// sends, the meetings and changes they carry, and the runs and attempts that
// rules make of them.
//
// It is a leaf. Every other package may import it; it imports only the
// standard library. Field names that a rule's author sees (the expr and json
// tags) are the vendor's own.
//
// The life of a run:
//
//	          ┌──────────── due ◄───────────┐
//	          ▼                             │
//	pending ──► running ──► waiting (a wait action, or a later try)
//	   │          │  │
//	   │          │  ├──► succeeded
//	   │          │  ├──► failed      (kept; can be retried manually)
//	   │          │  └──► skipped     (the rule no longer applies)
//	   └──────────┴─────► canceled    (dropped with its meeting, or by hand)
//
// A run that is running carries a lease. When the process that holds it dies,
// the lease ends and the run is picked up again where it stopped.
package event
