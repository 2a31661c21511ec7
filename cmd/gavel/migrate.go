package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gavel-rules/gavel/cmd/gavel/place"
	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/cmd/gavel/usage"
	"github.com/gavel-rules/gavel/store/upgrade"
	"github.com/gavel-rules/gavel/vault"
)

func newMigrate() *cobra.Command {
	var database, output string
	var to int
	var dry bool
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Migrate a database to this version",
		Long: `Migrates the tables of a database to this version of Gavel, or creates
them. "gavel serve" does the same at its start; no other command does.

--dry-run shows the schema of the database, what would be done, how many rows that
concerns, and which versions of Gavel can use the database afterwards; with
--output json also for programs. Each step is carried out completely or not at all:
after Ctrl-C or a crash, run the command again.

A migration cannot be undone. To go back, run an older version that can still use the
database, or restore a backup; make one before.`,
		Example: `  gavel migrate --database postgres://gavel@db.acme.example/gavel --dry-run
  gavel migrate --database postgres://gavel@db.acme.example/gavel`,
		Args: usage.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := place.DatabaseURL(cmd, database)
			if err != nil {
				return err
			}
			if dry {
				return planMigration(cmd, url, int64(to), output)
			}
			if output == "json" {
				return usage.Errorf("--output json requires --dry-run")
			}
			tell := &migrationTeller{w: cmd.ErrOrStderr()}
			_, err = vault.Telling(tell.still, func() (struct{}, error) {
				return struct{}{}, vault.Upgrade(cmd.Context(), url, upgrade.Options{To: int64(to), Tell: tell.step})
			})
			if err != nil {
				return err
			}
			state := "is up to date"
			if to > 0 {
				state = fmt.Sprintf("has schema %d", to)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", vault.RedactURL(url), state)
			return err
		},
	}
	place.DatabaseFlag(cmd, &database)
	usage.Whole(cmd.Flags(), &to, "to", 0, 0, "schema to stop at, a number that --dry-run lists; 0 means the newest")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "only show what would be done")
	usage.Output(cmd, &output, "text", "json")
	return cmd
}

// plannedMigration is what would be done, for programs.
type plannedMigration struct {
	Schema int64         `json:"schema"`
	Newest int64         `json:"newest"`
	Since  string        `json:"since,omitempty"` // the oldest version that can use it afterwards
	Steps  []plannedStep `json:"steps"`
}

type plannedStep struct {
	Schema int64            `json:"schema"`
	Name   string           `json:"name"`
	About  string           `json:"about"`
	Rows   map[string]int64 `json:"rows"` // by table
}

// planMigration shows what would be done.
func planMigration(cmd *cobra.Command, url string, to int64, output string) error {
	report, err := vault.PlanUpgrade(cmd.Context(), url, to)
	if err != nil {
		return err
	}
	if output == "json" {
		plan := plannedMigration{Schema: report.Schema, Newest: report.Newest, Since: report.SinceAfter().Version, Steps: []plannedStep{}}
		for _, step := range report.Steps {
			planned := plannedStep{Schema: step.Version, Name: step.Name, About: step.About, Rows: map[string]int64{}}
			for _, r := range step.Rows {
				planned.Rows[r.Table] = r.Rows
			}
			plan.Steps = append(plan.Steps, planned)
		}
		return terminal.JSON(cmd.OutOrStdout(), plan)
	}
	out := terminal.SafeWriter(cmd.OutOrStdout())
	fmt.Fprintf(out, "%s has schema %d; this Gavel needs %d\n", vault.RedactURL(url), report.Schema, report.Newest)
	for _, step := range report.Steps {
		first, _, cut := strings.Cut(step.About, ". ")
		if cut {
			first += "."
		}
		fmt.Fprintf(out, "%5d  %s%s\n       %s\n", step.Version, step.Name, rowsOf(step.Rows), first)
	}
	fmt.Fprintln(out, verdict(report))
	return nil
}

// verdict says who can use the database afterwards.
func verdict(report *upgrade.Report) string {
	switch since := report.SinceAfter(); {
	case len(report.Steps) == 0 && report.Schema > report.Newest:
		return "nothing to do: a newer Gavel has migrated it, and this one can still use it"
	case len(report.Steps) == 0 && since.Version != "":
		return fmt.Sprintf("nothing to do; Gavel %s and newer can use it", since.Version)
	case len(report.Steps) == 0:
		return "nothing to do"
	case since.Version != "":
		return fmt.Sprintf("afterwards, Gavel %s and newer can use it; this cannot be undone, so make a backup before", since.Version)
	}
	return "this cannot be undone, so make a backup before"
}

func rowsOf(rows []upgrade.Rows) string {
	var parts []string
	for _, r := range rows {
		parts = append(parts, terminal.Counted(int(r.Rows), "row", "rows")+" of "+r.Table)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// migrationTeller tells on the error stream which step is carried out.
type migrationTeller struct {
	w    io.Writer
	last string
}

func (t *migrationTeller) step(p upgrade.Progress) {
	if p.Took > 0 {
		if p.Took >= time.Second {
			fmt.Fprintf(t.w, "%s took %s\n", t.last, p.Took.Round(100*time.Millisecond))
		}
		return
	}
	t.last = fmt.Sprintf("step %d of %d, %s", p.Number, p.Of, p.Name)
	fmt.Fprintf(t.w, "%s%s\n", t.last, rowsOf(p.Rows))
}

func (t *migrationTeller) still(elapsed time.Duration) {
	fmt.Fprintf(t.w, "still migrating after %s…\n", elapsed)
}
