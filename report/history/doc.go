// Package history makes of the store's counts what rules and connections did over
// the last day and the last month. It reads no event and no run, so it costs the
// same however many are stored.
package history
