// Package spans makes the engine's spans of an event's trace.
package spans
