// Package deploy runs the real binary the way that deploy/ describes: under
// a service manager, behind real proxies, and within a budget of memory.
package deploy
