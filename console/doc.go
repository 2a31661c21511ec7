// Package console is the second address of Gavel: health, reload, metrics, the
// admin API and the web console. It reads through small interfaces of its own.
package console
