// Package gate limits calls to a destination: how many at once and per second,
// and none while it asked for a pause or keeps failing.
//
//	Enter ──► Admission ──► the call ──► Leave
//	      ├─► Parked: waits in memory, and is resumed with an Admission
//	      └─► Hold: goes back to the store for a while
package gate
