// Package console serves the console address: the web console, the API under
// /api/v1, metrics, health and reload.
//
// Pages are rendered on the server from embedded templates and work without
// JavaScript; one small script adds live updates and the reader's time zone.
// Text from events is untrusted: it reaches a page only through html/template.
//
// The program is used through the interfaces of backend, and reports what
// happens through the Feed of live. Package access decides who may use it,
// query parses and answers list requests, words turns values into text, theme
// has the look of the pages.
// address asks for, words says values, theme is what pages look like.
package console
