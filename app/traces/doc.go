// Package traces sends spans to a collector over OTLP, as the standard OTEL_
// variables of the environment say. With none of them set nothing is traced,
// and nothing is spent on it.
//
// A collector that is slow, away or refuses costs spans, never events or runs:
// spans wait in a bounded queue, and what does not fit is dropped.
package traces
