// Package metrics counts what Gavel does, for Prometheus. Labels are bounded by
// what is configured, so that nobody outside can add time series.
package metrics
