package event

import (
	"slices"
	"strconv"
	"time"
)

// TallyWidth is the length of a span for which the store counts, TallyKeep how
// long it keeps the counts.
const (
	TallyWidth = 30 * time.Minute
	TallyKeep  = 48 * time.Hour
)

// DailyKeep is how long the store keeps the counts by days.
const DailyKeep = 32 * 24 * time.Hour

// HourlyKeep is how long the store keeps calls and failures by hours.
const HourlyKeep = 8 * 24 * time.Hour

// Tally is how often something happened in one span of TallyWidth. The store
// counts in the transaction that stores it, so the counts of all processes on a
// database add up and survive restarts.
type Tally struct {
	Start time.Time // of the span, in UTC
	Kind  TallyKind
	// Name and Detail depend on the kind.
	Name, Detail string
	Count        int64
}

// TallyKind says what a Tally counts.
type TallyKind string

// What the store counts.
const (
	TallyEvents   TallyKind = "event"  // stored events, by type
	TallyMatches  TallyKind = "match"  // runs that began, by rule
	TallyEnded    TallyKind = "end"    // runs that ended, by rule; Detail is the Status
	TallyFailures TallyKind = "fail"   // failed attempts, by connection, or kind of action without one; Detail is the Cause
	TallyCalls    TallyKind = "call"   // finished calls, by connection; Detail is their CallBucket
	TallyRefused  TallyKind = "refuse" // requests that the receiver refused, by reason
)

// callBounds are the upper bounds of how long calls take, by which they are
// counted: two for each doubling, from a millisecond to a little over an hour.
func callBounds() []time.Duration {
	bounds := []time.Duration{time.Millisecond}
	for d := 2 * time.Millisecond; d < time.Hour; d *= 2 {
		bounds = append(bounds, d, d+d/2)
	}
	return bounds
}

// CallBucket returns the bucket that counts a call of this length: its upper
// bound in milliseconds.
func CallBucket(d time.Duration) string {
	bounds := callBounds()
	i, _ := slices.BinarySearch(bounds, d)
	return strconv.FormatInt(bounds[min(i, len(bounds)-1)].Milliseconds(), 10)
}

// CallSpan returns the bounds of a bucket; ok is false for a text that is none.
func CallSpan(bucket string) (above, most time.Duration, ok bool) {
	ms, err := strconv.ParseInt(bucket, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	bounds := callBounds()
	i, ok := slices.BinarySearch(bounds, time.Duration(ms)*time.Millisecond)
	if !ok {
		return 0, 0, false
	}
	if i > 0 {
		above = bounds[i-1]
	}
	return above, bounds[i], true
}
