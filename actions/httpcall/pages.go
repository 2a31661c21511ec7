package httpcall

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// mostPages limits pages.max.
const mostPages = 100

// pages is how an action reads a list that an API gives page by page.
type pages struct {
	Items  values.Expr `yaml:"items" doc:"The list in a page, as an expression; page.body when left out. An absent list is empty." example:"page.body.results"`
	Next   values.Expr `yaml:"next" doc:"Where the next page is: an address, or with cursor a value for it; absent or empty on the last page. When left out, the Link header with rel=\"next\" says it." example:"page.body.paging.next"`
	Cursor string      `yaml:"cursor" doc:"Query parameter that gets the value of next; with json, the field of the body, as in variables.after." example:"after"`
	Until  values.Expr `yaml:"until" doc:"Condition after which no further page is read." example:"len(page.body.results) == 0"`
	Max    int         `yaml:"max" default:"20" min:"1" max:"100" doc:"How many pages are read at most."`
}

// Words implements params.Worded.
func (p *pages) Words() map[string]any { return map[string]any{eval.WordPage: &Page{}} }

// Page is one page of a list, as the expressions below pages see it.
type Page struct {
	Number  int               `json:"number" expr:"number"` // from 1
	Status  int               `json:"status" expr:"status"`
	Headers map[string]string `json:"headers" expr:"headers"`
	Body    any               `json:"body" expr:"body"`
}

// Pages is what later actions can use of a list that was read page by page.
type Pages struct {
	Items []any `json:"items" expr:"items" doc:"With pages: the items of all pages, in order."`
	Pages int   `json:"pages" expr:"pages" doc:"With pages: how many were read."`
	More  bool  `json:"more" expr:"more" doc:"With pages: whether there are more than max."`
	eval.Failed
}

// Notes implements params.Noted.
func (p *Pages) Notes() []string {
	if !p.More {
		return nil
	}
	return []string{fmt.Sprintf("there are more pages; %s read, which is pages.max", counted(p.Pages))}
}

func counted(pages int) string {
	if pages == 1 {
		return "1 page was"
	}
	return fmt.Sprintf("%d pages were", pages)
}

// Returns implements params.Returning.
func (p *settings) Returns() func() any {
	if p.Pages == nil {
		return nil
	}
	return func() any { return &Pages{Items: []any{}} }
}

// cursorField is a query parameter, or a field of a body with those around it.
var cursorField = regexp.MustCompile(`^[^\s.]+(\.[^\s.]+)*$`)

func (a *action) checkPages() error {
	p := a.Pages
	if p == nil {
		return nil
	}
	inBody := a.Method == http.MethodPost && !a.JSON.IsZero()
	switch {
	case a.Method != http.MethodGet && !inBody:
		return &params.FieldError{Field: "pages", Err: fmt.Errorf("a %s request has no pages", a.Method), Hint: "use GET, or POST with json for a search"}
	case inBody && p.Cursor == "":
		return &params.FieldError{Field: "pages", Err: errors.New("a POST request needs a cursor for its pages"), Hint: "add next, an expression, and cursor, the field of json that gets its value"}
	case p.Cursor != "" && p.Next.IsZero():
		return &params.FieldError{Field: "pages.cursor", Err: errors.New("needs next, an expression with its value"), Hint: "add next: page.body.…"}
	case p.Cursor != "" && !cursorField.MatchString(p.Cursor):
		return &params.FieldError{Field: "pages.cursor", Err: fmt.Errorf("%q is not a name", p.Cursor), Hint: "give the name of a query parameter or of a field of json, such as after"}
	case p.Max < 1 || p.Max > mostPages:
		return &params.FieldError{Field: "pages.max", Err: fmt.Errorf("must be between 1 and %d", mostPages)}
	}
	for _, x := range []struct {
		field string
		is    values.Expr
		what  string
		kinds []language.Kind
	}{
		{"items", p.Items, "a list", []language.Kind{language.KindList}},
		{"next", p.Next, "text or a number", []language.Kind{language.KindText, language.KindNumber}},
		{"until", p.Until, "true or false", []language.Kind{language.KindBool}},
	} {
		if !x.is.IsZero() && !may(x.is.Kind(), x.kinds) {
			return &params.FieldError{Field: "pages." + x.field, Err: fmt.Errorf("expected %s, but this is %s", x.what, x.is.Kind())}
		}
	}
	return nil
}

func may(kind language.Kind, kinds []language.Kind) bool {
	for _, k := range append(kinds, language.KindAny) {
		if kind == k {
			return true
		}
	}
	return false
}

// NewReply implements params.Replied.
func (a *action) NewReply() any {
	if a.Pages == nil {
		return &Result{}
	}
	return &reply{}
}

// reply is what a test answers to an action with pages: one page, or the whole
// result.
type reply struct {
	page  Result
	whole *Pages
}

// UnmarshalJSON reads the whole result if it has items or more.
func (r *reply) UnmarshalJSON(raw []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return err
	}
	_, items := keys["items"]
	_, more := keys["more"]
	if !items && !more {
		return r.page.UnmarshalJSON(raw)
	}
	r.whole = &Pages{Items: []any{}, Pages: 1}
	return event.UnmarshalExact(raw, r.whole)
}

// nextLink returns the target of the first link with rel="next" in a Link header.
func nextLink(header string) string {
	for rest := header; ; {
		_, after, found := strings.Cut(rest, "<")
		target, after, closed := strings.Cut(after, ">")
		if !found || !closed {
			return ""
		}
		var settings []string
		settings, rest = linkSettings(after)
		for _, one := range settings {
			name, value, _ := strings.Cut(one, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "rel") {
				continue
			}
			for rel := range strings.FieldsSeq(strings.Trim(strings.TrimSpace(value), `"`)) {
				if strings.EqualFold(rel, "next") {
					return strings.TrimSpace(target)
				}
			}
		}
	}
}

// linkSettings splits what follows a link, up to the comma before the next one.
// Commas and semicolons in quotes belong to a value.
func linkSettings(s string) (settings []string, rest string) {
	quoted, from := false, 0
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case quoted:
		case s[i] == ';':
			settings, from = append(settings, s[from:i]), i+1
		case s[i] == ',':
			return append(settings, s[from:i]), s[i+1:]
		}
	}
	return append(settings, s[from:]), ""
}
