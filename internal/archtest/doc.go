// Package archtest keeps the shape of the source tree: its tests fail when an
// import points up or sideways, and when a library leaves its home.
//
//	cmd ──► app ──► receiver  engine  actions  store  console
//	                             │       │
//	                             └──►  rules
//	                                     │
//	                     everything ──► event
package archtest
