package serve

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
)

// Settings are the flags of "gavel serve", for a command that checks them.
type Settings struct{ flags serveFlags }

// Register adds the flags to a command.
func (s *Settings) Register(cmd *cobra.Command) { s.flags.register(cmd) }

// Options returns what serve would run with; the error names all flags that it
// would not start with.
func (s *Settings) Options(cmd *cobra.Command) (app.Options, error) {
	o, err := s.flags.options(io.Discard)
	url, err2 := place.DatabaseURL(cmd, s.flags.database)
	o.Database = url
	return o, errors.Join(err, err2, s.flags.security.apply(cmd, &o), s.flags.backup.apply(cmd, &o))
}
