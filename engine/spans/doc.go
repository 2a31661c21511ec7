// Package spans makes the engine's part of an event's trace.
package spans
