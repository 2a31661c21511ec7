package values

import (
	"html/template"
	"net/url"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/rules/text"
	"golang.org/x/net/html"
)

// FuzzURLValue puts a value into every place of a URL: nothing but that place
// may change.
func FuzzURLValue(f *testing.F) {
	for _, s := range []string{"a", "..", "../x", "a/b", "?a=b", "#x", "@evil.example", "%2e%2e", "\x00", "a b+c", "\\..\\", "ü"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		segment, err := encodeURLValue(value, placePath)
		if err != nil {
			return
		}
		query, err := encodeURLValue(value, placeQuery)
		if err != nil {
			t.Fatal(err)
		}
		raw := "https://acme.example/a/" + segment + "/b?q=" + query + "&r=1"
		if checkDots(raw) != nil {
			return
		}
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		parts := strings.Split(u.EscapedPath(), "/")
		if u.Host != "acme.example" || u.User != nil || u.Fragment != "" || len(parts) != 4 || len(u.Query()) != 2 || u.Query().Get("q") != value {
			t.Fatalf("%q became %q", value, raw)
		}
		if got, err := url.PathUnescape(parts[2]); err != nil || got != value {
			t.Fatalf("%q became the segment %q (%v)", value, parts[2], err)
		}
	})
}

// FuzzHTMLValue puts a value into the contexts of a page as HTML fields do, and
// compares the page's elements and attributes with those of a harmless value.
func FuzzHTMLValue(f *testing.F) {
	for _, s := range []string{
		"a", "<script>x</script>", `" onx="`, "' onx='", "javascript:x()", "\u2028x=y", "</p><b>", "<!--", "]]>", "\x00", "{{.}}", "</script>", "x y=z",
	} {
		f.Add(s)
	}
	page := template.Must(template.New("").Parse(`<p title="{{.}}" class='{{.}}' data-x={{.}}>{{.}}</p><a href="{{.}}">a</a><a href="https://acme.example/?q={{.}}#{{.}}">b</a>` +
		`<textarea>{{.}}</textarea><p style="color: {{.}}" onclick="f('{{.}}')">c</p><script>var v = {{.}}, w = "{{.}}";</script><style>p { color: {{.}} }</style><title>{{.}}</title>`))
	render := func(value string) string {
		var b strings.Builder
		if err := page.Execute(&b, text.Visible(value)); err != nil {
			f.Fatal(err)
		}
		return b.String()
	}
	want := outline(render("a"))
	f.Fuzz(func(t *testing.T, value string) {
		if got := outline(render(value)); got != want {
			t.Fatalf("%q made\n%s, want\n%s", value, got, want)
		}
	})
}

func outline(source string) string {
	root, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			continue
		}
		b.WriteString("<" + n.Data)
		for _, a := range n.Attr {
			b.WriteString(" " + a.Key)
		}
		b.WriteString(">")
	}
	return b.String()
}
