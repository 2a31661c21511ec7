package frame

import (
	"net/http"

	"github.com/gavel-rules/gavel/console/answer"
)

// maxForm bounds the body of a form, in bytes: the ids of all runs of a page fit.
const maxForm = 64 << 10

// Form reads the form of a request into r.PostForm. If it cannot be read, or is
// too large, Form responds and returns false.
func (p *Frame) Form(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.FaultOf(w, r, answer.Invalid("the form cannot be read"))
		return false
	}
	return true
}
