package format_test

import "testing"

// What looks like a bracket is none in quotes, whatever stands in front.
func TestFormatBracesAndQuotes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{b: c, "d":"}{", 'e': '{]'}`:                `{ b: c, "d": "}{", "e": "{]" }`,
		`{b: "\"}", c: "\\", d: 'it''s }'}`:          `{ b: "\"}", c: "\\", d: "it's }" }`,
		`{b: 'say "}"', c: it's, d: don't}`:          `{ b: 'say "}"', c: it's, d: don't }`,
		`{b: x "y, c: z" }`:                          `{ b: x "y, c: z" }`,
		`{b: &x "}", c: &y '{', d: *x}`:              `{ b: &x "}", c: &y "{", d: *x }`,
		`&x {b: !!str "{}", c: !!str '}'}`:           `&x { b: !!str "{}", c: !!str "}" }`,
		`[{b: {}, c: [ ], d: { }}, [{e: [{f: g}]}]]`: `[{ b: {}, c: [], d: {} }, [{ e: [{ f: g }] }]]`,
		`{b: c#d, e: "# f"} # {g}`:                   `{ b: c#d, e: "# f" } # {g}`,
		`{größe: "é}", ж: {ü: …}}`:                   `{ größe: "é}", ж: { ü: … } }`,
		"{b: c}\r":                                   "{ b: c }",
	} {
		formats(t, "a: "+in+"\n", "a: "+want+"\n")
	}
}
