package upgrade

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/pressly/goose/v3"
)

// Rows is how many rows a table has.
type Rows struct {
	Table string
	Rows  int64
}

// Progress is told when a step begins and, with Took, when it has ended.
type Progress struct {
	Step
	Number, Of int
	Rows       []Rows // of the tables that it names, most rows first
	Took       time.Duration
}

// Options say how a schema is changed. The zero value changes it to the newest.
type Options struct {
	// To is the last step to apply; 0 means all.
	To int64
	// Tell is called before and after each step, unless it is nil.
	Tell func(Progress)
}

// Up applies the steps that are missing, each in a transaction of its own. Only
// one process may do that at a time. What was applied stays when a later step
// fails or ctx ends, and Up goes on there.
func (s *Schema) Up(ctx context.Context, db *sql.DB, o Options) error {
	st, err := s.State(ctx, db)
	if err != nil {
		return err
	}
	steps, err := st.Plan(o.To)
	if err != nil || len(steps) == 0 {
		return err
	}
	p, err := goose.NewProvider(s.dialect.goose, db, s.files, goose.WithTableName(s.dialect.versions), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	since := st.Since
	for i, step := range steps {
		since = later(since, step.Since)
		progress := Progress{Step: step, Number: i + 1, Of: len(steps)}
		if o.Tell != nil {
			if progress.Rows, err = s.Rows(ctx, db, step); err != nil {
				return err
			}
			o.Tell(progress)
		}
		begun := time.Now()
		if err := s.apply(ctx, db, p, step, since); err != nil {
			return explain(ctx, step, err)
		}
		if progress.Took = time.Since(begun); o.Tell != nil {
			o.Tell(progress)
		}
	}
	return nil
}

// apply writes the note before the step, so that a database never has a step
// without its note; until then the note is about another schema and ignored.
func (s *Schema) apply(ctx context.Context, db *sql.DB, p *goose.Provider, step Step, since Since) error {
	if step.Version > FirstReleased {
		if err := s.MakeNotes(ctx, db); err != nil {
			return err
		}
		if err := s.SetNote(ctx, db, noteSince, sinceText(step.Version, since)); err != nil {
			return err
		}
	}
	_, err := p.UpTo(ctx, step.Version)
	return err
}

func explain(ctx context.Context, step Step, err error) error {
	if ctx.Err() != nil {
		return &interrupted{fmt.Sprintf("interrupted in step %d (%s), of which nothing was kept; run it again to continue", step.Version, step.Name), ctx.Err()}
	}
	return fmt.Errorf("migrate the schema, step %d (%s): %w", step.Version, step.Name, err)
}

// interrupted is the end of a context in words.
type interrupted struct {
	words string
	err   error
}

// Error returns the words.
func (i *interrupted) Error() string { return i.words }

// Unwrap returns why the context ended.
func (i *interrupted) Unwrap() error { return i.err }

// Plan returns the steps to a schema; 0 means the newest.
func (st *State) Plan(to int64) ([]Step, error) {
	switch {
	case to == 0:
		return st.Pending, nil
	case to < st.Schema:
		return nil, fmt.Errorf("its schema is %d already, and a migration cannot be undone; restore a backup of schema %d instead", st.Schema, to)
	case to == st.Schema:
		return nil, nil
	}
	i := slices.IndexFunc(st.Pending, func(s Step) bool { return s.Version == to })
	if i < 0 {
		return nil, fmt.Errorf("there is no schema %d; this Gavel knows those up to %d", to, st.Newest)
	}
	return st.Pending[:i+1], nil
}

// Rows counts the rows of the existing tables that a step names.
func (s *Schema) Rows(ctx context.Context, db *sql.DB, step Step) ([]Rows, error) {
	all, err := s.tables(ctx, db)
	if err != nil {
		return nil, err
	}
	var out []Rows
	for _, table := range step.Tables(all) {
		r := Rows{Table: table}
		if err := db.QueryRowContext(ctx, "SELECT count(*) FROM "+table).Scan(&r.Rows); err != nil {
			return nil, errors.Join(ctx.Err(), err)
		}
		if r.Rows > 0 {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Rows) int { return int(b.Rows - a.Rows) })
	return out, nil
}

// Report says what Up would do.
type Report struct {
	State
	Steps []Progress
}

// Report says what Up would do with a database that this program can use.
func (s *Schema) Report(ctx context.Context, db *sql.DB, to int64) (*Report, error) {
	st, err := s.State(ctx, db)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(st.Newer(), st.Usable(true)); err != nil {
		return nil, err
	}
	steps, err := st.Plan(to)
	if err != nil {
		return nil, err
	}
	report := &Report{State: *st}
	for i, step := range steps {
		rows, err := s.Rows(ctx, db, step)
		if err != nil {
			return nil, err
		}
		report.Steps = append(report.Steps, Progress{Step: step, Number: i + 1, Of: len(steps), Rows: rows})
	}
	return report, nil
}

// SinceAfter returns the oldest program that can use the database after the steps
// of the report.
func (r *Report) SinceAfter() Since {
	since := r.Since
	for _, step := range r.Steps {
		since = later(since, step.Since)
	}
	return since
}
