// Package health says whether Gavel works: yes or no for probes, and warnings
// for people about problems that do not stop it.
package health
