// Package past reads what rules and connections did, for the pages and the API.
// What it reads is bounded: counts by time, and some runs of each rule.
package past
