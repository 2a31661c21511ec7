package text_test

import (
	"testing"

	"github.com/gavel-rules/gavel/rules/text"
)

// The hints for a value in brackets that does not parse.
func TestHintsInBrackets(t *testing.T) {
	t.Parallel()
	check := func(content, want string) {
		t.Helper()
		var out text.Collector
		if text.ParseDocument(text.Source{Name: "x", Content: []byte(content)}, &out) != nil {
			t.Errorf("%q parses", content)
		}
		if got := out.Findings.Error(); got != want {
			t.Errorf("%q:\n got %s\nwant %s", content, got, want)
		}
	}
	const (
		notClosed = "a bracket is not closed; close it, and check the commas and quotes inside"
		noComma   = "a comma is missing; put one between the values"
		emptyItem = "nothing before this comma; remove it"
		comment   = "YAML reads # as a comment; put the value in quotes"
		behind    = "unexpected text after the closing quote; use one kind of quotes outside and the other inside"
		tail      = "unexpected text after the closing bracket; put the whole value in quotes"
		openQuote = "a quote is not closed; close it with the same quote"
	)
	bad := func(at, says string) string { return "x:" + at + ": not valid YAML: " + says }

	// brackets
	check("a: [b, {c: [d}\n", bad("1:4", notClosed))
	check("a: { b: [c, { d: e }], f: [g, h }\n", bad("1:4", notClosed))
	check("a: [b, [c], {d: e}] f\n", bad("1:21", tail))
	check("a: {b: it's, c: \"]}\"} d\n", bad("1:23", tail))
	check("a: [b, , c]\n", bad("1:8", emptyItem))
	check("a: [, b]\n", bad("1:5", emptyItem))
	check("a: {b: c, , \"d\": e}\n", bad("1:11", emptyItem))
	check("a: [&x , , b]\n", bad("1:10", emptyItem))

	// quotes
	check("a: [\"b, , c\" d]\n", bad("1:14", noComma))
	check("a: ['it''s' 'b']\n", bad("1:13", noComma))
	check("a: {b: \"c\"d}\n", bad("1:11", behind))
	check("a: {b: \"c \\\" d\"e}\n", bad("1:16", behind))
	check("a: {\"b\":\"c, , d\" e}\n", bad("1:18", noComma))
	check("a: {b: &x \"c, , d\" e}\n", bad("1:20", noComma))
	check("a: [\"b, c]\n", bad("1:5", openQuote))
	check("a: ['b''c]\n", bad("1:5", openQuote))
	check("a: [\"b\\c\"]\n", bad("1:7", `\c is not a valid escape in double quotes; use single quotes, or write \\ for a backslash`))
	check("a: ['b\\c' d]\n", bad("1:11", noComma))
	check("a: {b: it's, , c}\n", bad("1:14", emptyItem))

	// what a value cannot begin with
	check("a: [b, @c]\n", bad("1:8", "a value cannot begin with @; put the whole value in quotes"))
	check("a: {b: ${{ c }}, d: \"e\"}\n", bad("1:8", "in brackets, a value with ${{ }} must be in quotes; put the whole value in quotes"))
	check("a: {b: ab@c, , d}\n", bad("1:14", emptyItem))

	// comments
	check("a: {b: #c, d: e}\n", bad("1:8", comment))
	check("a: [#b, c]\n", bad("1:5", comment))
	check("a: [b#c, , d]\n", bad("1:10", emptyItem))
	check("a: [\"# b\", , c]\n", bad("1:12", emptyItem))
	check("a: [b, c # d, , e]\n", bad("1:10", comment))

	// line breaks and characters
	check("a: 1\r\nb: [c, , d]\r\n", bad("2:8", emptyItem))
	check("a: [\"é, ж\" ü]\r\n", bad("1:12", noComma))
	check("a: {größe: \"ж\"ü}\n", bad("1:15", behind))
	check("  - [\"ж\", , @]\n", bad("1:11", emptyItem))
}
