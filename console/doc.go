// Package console is the second address of Gavel: the web console, the API
// under /api/v1, metrics, health and reload.
//
// Pages are rendered here from embedded templates and work without JavaScript;
// one small script adds live updates and the reader's time zone. Text that
// came with an event was typed by strangers: it reaches a page through
// html/template only.
//
// It asks the program through the interfaces of backend, which the program
// fulfils with its store, engine and rules; what happens while it runs comes
// through the Feed of live. access says who may look, query reads what an
// address asks for, words says values, theme is what pages look like.
package console
