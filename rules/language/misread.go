package language

import (
	"errors"
	"strings"
)

// Misreadable is a result that can be other than rules expect, such as a page
// of HTML in place of JSON.
type Misreadable interface {
	// Misread says what the reply is instead, as in "is text/html, not JSON";
	// empty when it is as expected.
	Misread() string
}

// blame names the reply that an expression could not make use of, which is
// what its author must know; how the expression stumbled over it seldom is.
func (p *Program) blame(s *Scope, err error) error {
	for _, id := range p.needs {
		m, ok := s.results[id].(Misreadable)
		if !ok || m.Misread() == "" {
			continue
		}
		text := "the reply of " + id + " " + m.Misread()
		if words := err.Error(); !strings.HasPrefix(words, "invalid ") && !strings.HasPrefix(words, "cannot fetch ") {
			text += " (" + words + ")"
		}
		return errors.New(text)
	}
	return err
}
