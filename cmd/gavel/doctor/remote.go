package doctor

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/checkup"
)

// remote asks a running Gavel for what it finds about itself.
func (f *flags) remote(cmd *cobra.Command) (r checkup.Report, err error) {
	err = f.at.WithServer(func(c *client.Client) error {
		status, err := c.Status(cmd.Context())
		if err != nil {
			return err
		}
		r = fromStatus(status)
		return nil
	})
	return r, err
}

func fromStatus(s *api.Status) checkup.Report {
	r := checkup.Report{Well: s.Well, NotChecked: []string{"what only its own machine shows: run gavel doctor there"}}
	for _, name := range slices.Sorted(maps.Keys(s.Checks)) {
		f := checkup.Finding{Code: "server-" + name, Level: checkup.OK, Text: "no problem"}
		if text := s.Checks[name]; text != "" {
			f.Level, f.Text, f.Do = checkup.Problem, text, "see docs/runbook.md"
			r.Well = false
		}
		r.Findings = append(r.Findings, f)
	}
	for _, n := range s.Notices {
		if slices.ContainsFunc(r.Findings, func(f checkup.Finding) bool { return f.Level == checkup.Problem && strings.Contains(n.Text, f.Text) }) {
			continue // said already
		}
		f := checkup.Finding{Code: "server-notice", Level: checkup.Warning, Text: n.Text, Do: "see docs/runbook.md"}
		if n.Problem {
			f.Level = checkup.Problem
		}
		r.Findings = append(r.Findings, f)
	}
	return r
}
