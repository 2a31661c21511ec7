// Package traces sends spans to a collector over OTLP, as configured by the
// standard OTEL_ environment variables. If none is set, nothing is traced, at
// no cost.
//
// A collector that is slow, unreachable or rejects spans loses spans, never
// events or runs: spans wait in a bounded queue, and what does not fit is
// dropped.
package traces
