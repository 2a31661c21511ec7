package upgrade

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// State is what a database says of itself.
type State struct {
	Schema int64 // 0 if it has no tables yet
	Newest int64 // the schema that this program needs
	Since  Since // the oldest program that can use it; zero if it does not say
	// Pending are the steps that are missing.
	Pending []Step
	// Moved says where and when the database was moved by "gavel copy"; empty if
	// it was not.
	Moved string
	// Filling names the database that an unfinished "gavel copy" fills this one
	// from; empty if none does.
	Filling string
	// Tables are the tables there are.
	Tables []string
}

// State reads the state of a database, without writing to it.
func (s *Schema) State(ctx context.Context, db *sql.DB) (*State, error) {
	st := &State{Newest: s.Newest()}
	var err error
	if st.Tables, err = s.tables(ctx, db); err != nil {
		return nil, err
	}
	if slices.Contains(st.Tables, s.dialect.versions) {
		text := "SELECT coalesce(max(version_id), 0) FROM " + s.dialect.versions
		if err := db.QueryRowContext(ctx, text).Scan(&st.Schema); err != nil {
			return nil, fmt.Errorf("read the version of the schema: %w", err)
		}
	}
	var written Since
	var at int64
	if slices.Contains(st.Tables, s.dialect.notes) {
		notes, err := s.readNotes(ctx, db)
		if err != nil {
			return nil, err
		}
		st.Moved, st.Filling = notes[NoteMoved], notes[NoteFilling]
		at, written = parseSince(notes[noteSince])
	}
	for _, step := range s.steps {
		if step.Version > st.Schema {
			st.Pending = append(st.Pending, step)
		} else {
			st.Since = later(st.Since, step.Since)
		}
	}
	if st.Schema > st.Newest {
		// Only the database knows, if the program that wrote it has said so.
		if st.Since = written; at != st.Schema {
			st.Since = Since{}
		}
	}
	return st, nil
}

func (s *Schema) tables(ctx context.Context, db *sql.DB) (names []string, err error) {
	rows, err := db.QueryContext(ctx, s.dialect.tables)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// Newer is the reason why this program cannot use a database of a newer one; nil
// if it can, or if the database is not newer.
func (st *State) Newer() error {
	if st.Schema <= st.Newest || st.Since.Schema > 0 && st.Since.Schema <= st.Newest {
		return nil
	}
	if st.Since.Version != "" {
		return fmt.Errorf("it was written by a newer Gavel (schema %d, this one supports up to %d); it needs Gavel %s or newer",
			st.Schema, st.Newest, st.Since.Version)
	}
	return fmt.Errorf("it was written by a newer Gavel (schema %d, this one supports up to %d); use that version or a newer one", st.Schema, st.Newest)
}

// Same is the reason why a database has not exactly the schema that this program
// has.
func (st *State) Same() error {
	switch {
	case st.Schema == 0:
		return errors.New(`it has no Gavel tables; check its name`)
	case st.Schema < st.Newest:
		return fmt.Errorf(`it was written by an older Gavel (schema %d, this one needs %d); run "gavel migrate" with it first`, st.Schema, st.Newest)
	case st.Schema > st.Newest:
		return fmt.Errorf("it was written by a newer Gavel (schema %d, this one supports up to %d); use that version", st.Schema, st.Newest)
	}
	return nil
}

// Usable is the reason why nobody but "gavel copy" may use a database: a copy has
// not filled it completely or, for all who write, it was moved.
func (st *State) Usable(writing bool) error {
	switch {
	case st.Filling != "":
		return fmt.Errorf(`it is being filled by "gavel copy" from %s, which has not finished; run that command again`, st.Filling)
	case writing && st.Moved != "":
		return fmt.Errorf(`it was moved by "gavel copy" to %s; use that one. If it has to be used again, "gavel copy --undo" allows it: what is waiting is then sent from both`, st.Moved)
	}
	return nil
}

// later returns the one that fewer programs satisfy.
func later(a, b Since) Since {
	if b.Schema >= a.Schema {
		return b
	}
	return a
}

// sinceText is what a database says: the schema that this is true for, and the
// oldest program.
func sinceText(at int64, s Since) string { return fmt.Sprintf("%d %d %s", at, s.Schema, s.Version) }

func parseSince(text string) (at int64, s Since) {
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return 0, Since{}
	}
	at, err := strconv.ParseInt(fields[0], 10, 64)
	schema, err2 := strconv.ParseInt(fields[1], 10, 64)
	if err != nil || err2 != nil {
		return 0, Since{}
	}
	s.Schema = schema
	if len(fields) > 2 {
		s.Version = fields[2]
	}
	return at, s
}
