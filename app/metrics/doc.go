// Package metrics counts what Gavel does, for Prometheus. Labels are limited
// to configured values, so that senders cannot add time series.
package metrics
