// Package health answers whether Gavel works: for probes, which want yes or no,
// and for people, whom it warns of what is wrong though events are received and
// carried out.
package health
