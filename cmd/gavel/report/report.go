// Package report implements "gavel report", which counts meetings and
// follow-ups.
package report

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/api/client"
	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/desk"
	"github.com/gavel-rules/gavel/report"
	"github.com/gavel-rules/gavel/report/sheet"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// request has the flags of the command.
type request struct {
	at                               place.Place
	output, since, until, zone, late string
	top                              int
}

// New returns the command "gavel report".
func New() *cobra.Command {
	var f request
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Count meetings booked, moved and canceled, and follow-ups",
		Long: `Counts stored events, and archived ones with --archive: meetings
booked, moved and canceled by day, owner and calendar; how far ahead they were booked;
how many were canceled late; what happened to reminders and other follow-ups. Days are
in --zone, and the first one is counted from its beginning.`,
		Example: `  gavel report --since 30d
  gavel report --since 2026-01-01 --zone Europe/Paris --output html > report.html
  gavel report --since 90d --archive /var/lib/gavel/archive --output csv`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.at.Register(cmd)
	place.ArchiveFlag(cmd, &f.at.Archive)
	usage.Output(cmd, &f.output, "text", "json", "csv", "html")
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "30d", "from this day on: a day, a time, or how long ago, such as 30d; 0 means from the first event")
	flags.StringVar(&f.until, "until", "", "before this time: a day, a time, or how long ago; default now")
	flags.StringVar(&f.zone, "zone", "", "time zone of the days, such as Europe/Paris (default that of this machine; UTC at a server)")
	flags.StringVar(&f.late, "late", "24h", "count a cancellation as late if it comes less than this before the meeting")
	usage.Whole(flags, &f.top, "top", 20, 1, "how many owners and calendars to name")
	return cmd
}

func (f *request) options(now time.Time) (o report.Options, err error) {
	o = report.Options{Zone: time.Local, Top: f.top, Until: now}
	if f.zone != "" {
		if o.Zone, err = time.LoadLocation(f.zone); err != nil {
			return o, usage.Errorf("--zone %q: there is no such time zone; write a name such as Europe/Paris or UTC", f.zone)
		}
	}
	if o.Since, err = usage.Moment("since", f.since, now, o.Zone); err != nil {
		return o, err
	}
	if f.until != "" {
		if o.Until, err = usage.Moment("until", f.until, now, o.Zone); err != nil {
			return o, err
		}
	}
	if !o.Since.Before(o.Until) {
		return o, usage.Errorf("--until must be later than --since")
	}
	late, err := units.ParseDuration(f.late)
	if err != nil || late <= 0 {
		return o, usage.Errorf("--late %q: write a length of time such as 24h", f.late)
	}
	o.Late = time.Duration(late)
	if f.top < 1 || f.top > 1000 {
		return o, usage.Errorf("--top: must be between 1 and 1000")
	}
	return o, nil
}

func (f *request) run(cmd *cobra.Command) error {
	o, err := f.options(time.Now())
	if err != nil {
		return err
	}
	r, err := f.count(cmd, o)
	if err != nil {
		return err
	}
	switch out := cmd.OutOrStdout(); f.output {
	case "json":
		return terminal.JSON(out, r)
	case "csv":
		return printCSV(out, r)
	case "html":
		page, err := sheet.New()
		if err != nil {
			return err
		}
		return page.Page(out, r)
	default:
		return printText(out, r)
	}
}

// count uses the database and the archive, or a server.
func (f *request) count(cmd *cobra.Command, o report.Options) (r *report.Report, err error) {
	remote, err := f.at.Remote(cmd)
	if err != nil {
		return nil, err
	}
	if remote {
		if err := f.at.NoArchiveAtServer(cmd); err != nil {
			return nil, err
		}
		err = f.at.WithServer(func(c *client.Client) (err error) {
			r, err = c.Report(cmd.Context(), o)
			return err
		})
		return r, err
	}
	private, err := place.PrivateFields(cmd)
	if err != nil {
		return nil, err
	}
	err = place.WithStore(cmd, f.at.Database, vault.Read, func(s store.Store) (err error) {
		bar := terminal.NewProgress(cmd.ErrOrStderr(), "events")
		defer bar.Done()
		r, err = (&desk.Desk{Store: s, Archive: f.at.Archive, Private: private}).Report(cmd.Context(), o, bar.Show)
		return err
	})
	return r, err
}
