// Package vitals tells whether an engine works: whether its dispatcher and
// workers make progress, and which runs cannot continue.
package vitals
