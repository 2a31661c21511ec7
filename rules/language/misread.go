package language

import (
	"errors"
	"strings"
)

// Misreadable is a result that may not have the expected type, such as a page
// of HTML instead of JSON.
type Misreadable interface {
	// Misread says what the reply is instead, as in "is text/html, not JSON", or
	// returns "".
	Misread() string
}

// blame adds to err the reply that the expression could not use, because that
// is more useful to its author than the error itself.
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
