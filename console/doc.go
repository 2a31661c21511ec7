// Package console is the second address of Gavel: the web console, the API
// under /api/v1, metrics, health and reload.
//
// Pages are rendered here from embedded templates and work without JavaScript;
// one small script adds live updates and the reader's time zone. Text that
// came with an event was typed by strangers: it reaches a page through
// html/template only.
//
// The package reads through interfaces of its own (source.go), which the
// program fulfils with its store, engine and rules. What happens while it
// runs reaches it through a Feed.
package console
