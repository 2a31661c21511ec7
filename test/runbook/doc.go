// Package runbook makes every fault of docs/runbook.md happen to the real program,
// and looks for what the entry says that one sees:
//
//	log      a line of the log
//	ready    a check or warning of /-/ready, behind its name
//	metric   a line of /metrics
//	answer   what Cirrus Insight gets for an event
//	command  what a command prints
//
// In these lines … stands for anything, and <n> for a number above 0.
package runbook
