package text_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules/text"
)

// shape writes tokens as their texts and one letter for each kind: q is quoted,
// u quoted and unclosed, t other text.
func shape(t *testing.T, s string) (texts, kinds string) {
	t.Helper()
	var pieces []string
	at, depth := 0, 0
	for token := range text.FlowTokens(s) {
		kind := " #(),:qt"[token.Kind]
		switch {
		case token.Unclosed:
			kind = 'u'
		case kind == '(':
			depth++
		case kind == ')':
			depth--
		}
		if token.At != at || token.Depth != depth || token.Text == "" {
			t.Errorf("%q: token %+v, want it at byte %d, depth %d", s, token, at, depth)
		}
		at += len(token.Text)
		pieces, kinds = append(pieces, token.Text), kinds+string(kind)
	}
	if got := strings.Join(pieces, ""); got != s {
		t.Errorf("the tokens of %q make %q", s, got)
	}
	return strings.Join(pieces, "|"), kinds
}

func TestFlowTokens(t *testing.T) {
	t.Parallel()
	check := func(in, wantTexts, wantKinds string) {
		t.Helper()
		texts, kinds := shape(t, in)
		if diff := cmp.Diff([]string{wantTexts, wantKinds}, []string{texts, kinds}); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
	check(``, ``, ``)
	check(`{ a: [b,"c"] }`, `{| |a|:| |[|b|,|"c"|]| |}`, `( t: (t,q) )`)
	check(`{{[]}}`, `{|{|[|]|}|}`, `((()))`)
	check(`]} [`, `]|}| |[`, `)) (`)

	// quotes
	check(`['it''s', "a \"b\" \\"]`, `[|'it''s'|,| |"a \"b\" \\"|]`, `(q, q)`)
	check(`{ "}, [": '{"' }`, `{| |"}, ["|:| |'{"'| |}`, `( q: q )`)
	check(`[it's, a"b, don't]`, `[|it's|,| |a"b|,| |don't|]`, `(t, t, t)`)
	check(`[a "b, c" d]`, `[|a| |"b|,| |c"| |d|]`, `(t t, t t)`)
	check(`["a" 'b']`, `[|"a"| |'b'|]`, `(q t)`)
	check(`["a, b] }`, `[|"a, b] }`, `(u`)
	check(`['it''s]`, `[|'it''s]`, `(u`)
	check(`["\"]`, `[|"\"]`, `(u`)
	check(`["\`, `[|"\`, `(u`)
	check(`""`, `""`, `q`)

	// behind an anchor or a tag the value is still to come
	check(`{ a: &x "}", b: !!str '{' }`, `{| |a|:| |&x| |"}"|,| |b|:| |!!str| |'{'| |}`, `( t: t q, t: t q )`)
	check(`[*x "a]`, `[|*x| |"a|]`, `(t t)`)

	// colons
	check(`{a:b, c:d: e, f:}`, `{|a:b|,| |c:d|:| |e|,| |f:|}`, `(t, t: t, t)`)
	check(`{"a":"b", 'c' :d, []:{}}`, `{|"a"|:|"b"|,| |'c'| |:|d|,| |[|]|:|{|}|}`, `(q:q, q :t, ():())`)
	check(`{a :b, c : d}`, `{|a| |:b|,| |c| |:| |d|}`, `(t t, t : t)`)
	check("{a:\tb, c:\r\n d:", "{|a|:|\t|b|,| |c|:|\r\n |d|:", `(t: t, t: t:`)

	// comments
	check(`{ # a } "b`, `{| |# a } "b`, `( #`)
	check(`[#a`, `[|#a`, `(#`)
	check(`[a#b, "# c", d # e`, `[|a#b|,| |"# c"|,| |d| |# e`, `(t, q, t #`)
	check("{ a, # b\r\n 'c' }", "{| |a|,| |# b|\r\n |'c'| |}", `( t, # q )`)
	check("# a\n[", "# a|\n|[", `# (`)

	// outside brackets a comma is text, and so is a colon without a space
	check(`a, b, "c`, `a,| |b,| |"c`, `t t t`)
	check(`- :a: b`, `-| |:a|:| |b`, `t t: t`)

	// other characters than ASCII
	check(`{ größe: 'é"', ж: ü… }`, `{| |größe|:| |'é"'|,| |ж|:| |ü…| |}`, `( t: q, t: t )`)
	check("[\u00a0\"a, b]", "[|\u00a0\"a|,| |b|]", `(t, t)`)
}

func TestFlowTokensStop(t *testing.T) {
	t.Parallel()
	for token := range text.FlowTokens("[a") {
		if token.Kind != text.FlowOpen {
			t.Errorf("token %+v", token)
		}
		break
	}
}

// FuzzFlowTokens: whatever comes in, its tokens make it up.
func FuzzFlowTokens(f *testing.F) {
	f.Add(`{ a: [b, 'it''s'], "c\"": &x "d" } # e`)
	f.Add("[\"a\r\n, é: *b, ${{ c }}")
	f.Fuzz(func(t *testing.T, s string) { shape(t, s) })
}
