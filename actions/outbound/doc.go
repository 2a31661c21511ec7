// Package outbound is shared by all outgoing calls: the guard that decides
// which addresses may be reached, the headers sent with each call, and how
// failures are classified and worded.
package outbound
