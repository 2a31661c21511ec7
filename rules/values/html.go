package values

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"regexp"
	"strings"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// HTML is HTML that may contain ${{ }}. Values are escaped by context: text,
// attribute, URL, script or style.
type HTML struct {
	source string
	page   *template.Template
	progs  []*language.Program
	// comments are inserted as values, because the template would drop them and
	// mail clients read conditional comments.
	comments []template.HTML
}

// Render inserts the values.
func (h HTML) Render(s *language.Scope) (string, error) {
	if h.page == nil {
		return h.source, nil
	}
	values := make([]any, 0, len(h.progs)+len(h.comments))
	for _, p := range h.progs {
		v, err := htmlValue(p, s)
		if err != nil {
			return "", err
		}
		values = append(values, v)
	}
	for _, c := range h.comments {
		values = append(values, c)
	}
	var b bytes.Buffer
	if err := h.page.Execute(&b, values); err != nil {
		return "", fmt.Errorf("render html: %w", err)
	}
	return b.String(), nil
}

func htmlValue(p *language.Program, s *language.Scope) (any, error) {
	if p.Unknown(s) != nil {
		return language.Placeholder(p.Source), nil
	}
	v, err := p.Run(s)
	if err != nil {
		return nil, err
	}
	if err := p.Present(v, language.KindText); err != nil {
		return "", err
	}
	if raw, ok := v.(eval.RawText); ok {
		return template.HTML(raw.Text), nil // the author asked for it, and was warned
	}
	// Before escaping: a character that is removed or replaced afterwards could
	// end an attribute.
	return text.Visible(eval.Display(v)), nil
}

// IsZero reports whether it is not set.
func (h HTML) IsZero() bool { return h.source == "" }

// Source returns the HTML as written.
func (h HTML) Source() string { return h.source }

// Html compiles an HTML field with the escaper of html/template.
func (d *Reader) Html(n *yaml.Node, s string) HTML {
	h := HTML{source: s}
	parts, ok := d.parts(n, s)
	if !ok {
		return h
	}
	for _, p := range parts {
		d.warnRaw(p.prog, "")
		d.warnTwice(p.prog, eval.EscapeXML, "HTML")
	}
	left, right := delimiters(s)
	var b strings.Builder
	for _, p := range parts {
		if p.prog == nil {
			b.WriteString(p.literal)
			continue
		}
		fmt.Fprintf(&b, "%sindex . %d%s", left, len(h.progs), right)
		h.progs = append(h.progs, p.prog)
	}
	body := h.keepComments(b.String(), left, right)
	page, err := template.New("html").Delims(left, right).Parse(body)
	if err == nil {
		// Contexts are analyzed at the first execution.
		err = page.Execute(io.Discard, h.samples())
	}
	if err != nil {
		d.Fail(n, "html: "+htmlError(err), "check its quotes and tags")
		return h
	}
	h.page = page
	return h
}

func (h *HTML) samples() []any {
	values := make([]any, len(h.progs), len(h.progs)+len(h.comments))
	for i := range values {
		values[i] = ""
	}
	for _, c := range h.comments {
		values = append(values, c)
	}
	return values
}

// delimiters returns delimiters for template actions that do not occur in s.
func delimiters(s string) (string, string) {
	mark := "\ue000"
	for strings.Contains(s, mark) {
		mark += "\ue000"
	}
	return mark + "{", "}" + mark
}

var (
	commentOrRaw = regexp.MustCompile(`(?is)<!--.*?-->|<(script|style|textarea|title)\b`)
	templateName = regexp.MustCompile(`^(?:html/)?template: ?html:?\S* ?`)
)

// keepComments replaces comments with values, except inside elements whose
// content is not HTML and comments that contain values.
func (h *HTML) keepComments(body, left, right string) string {
	var b strings.Builder
	for {
		at := commentOrRaw.FindStringSubmatchIndex(body)
		if at == nil {
			b.WriteString(body)
			return b.String()
		}
		found := body[at[0]:at[1]]
		b.WriteString(body[:at[0]])
		body = body[at[1]:]
		switch {
		case at[2] >= 0:
			name := found[1:]
			end := strings.Index(strings.ToLower(body), "</"+strings.ToLower(name))
			if end < 0 {
				end = len(body)
			}
			b.WriteString(found + body[:end])
			body = body[end:]
		case strings.Contains(found, left):
			b.WriteString(found)
		default:
			fmt.Fprintf(&b, "%sindex . %d%s", left, len(h.progs)+len(h.comments), right)
			h.comments = append(h.comments, template.HTML(found)) // the author's own text
		}
	}
}

// htmlError returns the message of the template engine without its internals.
func htmlError(err error) string {
	message := templateName.ReplaceAllString(err.Error(), "")
	message, _, _ = strings.Cut(message, ": {")
	if message == "ends in a non-text context" {
		return "a tag, an attribute, a script or a style is not closed"
	}
	return message
}
