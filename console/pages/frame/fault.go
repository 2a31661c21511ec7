package frame

import (
	"net/http"
	"strings"

	"github.com/gavel-rules/gavel/console/answer"
	"github.com/gavel-rules/gavel/event"
)

// faultView is a page that says what went wrong and what to do.
type faultView struct {
	Heading, Text string
	Link, More    string // where else to go; may be empty
}

// Fault responds with a page that says what went wrong.
func (p *Frame) Fault(w http.ResponseWriter, r *http.Request, status int, heading, text string) {
	v := faultView{Heading: heading, Text: text}
	for _, list := range []string{"events", "runs", "issues", "rules", "connections", "docs"} {
		if strings.HasPrefix(r.URL.Path, "/"+list) {
			v.Link, v.More = "/"+list, "All "+list
		}
	}
	p.Render(w, r, status, "fault", heading, v)
}

// FaultOf responds to a person with an error.
func (p *Frame) FaultOf(w http.ResponseWriter, r *http.Request, err error) {
	status := answer.StatusOf(err)
	switch status {
	case http.StatusNotFound:
		p.Fault(w, r, status, "Not found", "Nothing here has this id or name. It may have been removed with old data, or the address is mistyped.")
	case http.StatusBadRequest:
		p.Fault(w, r, status, "This cannot be shown", "The address asks for something that does not exist: "+strings.TrimPrefix(err.Error(), event.ErrInvalid.Error()+": ")+".")
	case http.StatusConflict:
		p.Fault(w, r, status, "Not possible now", Sentence(err)+" Go back to see its current state.")
	case http.StatusServiceUnavailable:
		p.Fault(w, r, status, "The database does not answer", "Nothing is lost. Reload this page in a moment.")
	default:
		p.Logger.Error("console page failed", "path", r.URL.Path, "error", err)
		p.Fault(w, r, status, "Something went wrong", "See the log of Gavel for the cause.")
	}
}

// Sentence makes a sentence of the innermost part of an error.
func Sentence(err error) string {
	text := err.Error()
	if _, after, ok := strings.Cut(text, "conflict: "); ok {
		text = after
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
