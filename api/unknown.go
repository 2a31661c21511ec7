package api

import (
	"fmt"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/text"
)

// Unknown is the error about the name of a rule or a connection that the rules in
// force do not have, with the name that it is most likely a misspelling of. It is
// an event.ErrNotFound.
func Unknown(kind, name string, names []string) error {
	hint := text.Suggest(name, names)
	if hint == "" {
		hint = fmt.Sprintf(`"gavel %ss list" shows them`, kind)
	}
	return fmt.Errorf("%w: the rules in force have no %s %q; %s", event.ErrNotFound, kind, name, hint)
}
