package upgrade

import (
	"context"
	"database/sql"
	"errors"
	"slices"
)

// Notes are what a database says of itself as a whole. Their table is no numbered
// step: it is made when the first note is written, and programs that do not know
// it go on working.
const (
	noteSince = "since"
	// NoteMoved and NoteFilling are set by a copy; see State. NoteSource
	// identifies the database that one is filled from, and NoteIdentity is that of
	// the database itself. Names that begin with NotePlace say how far a copy got.
	NoteMoved    = "moved"
	NoteFilling  = "filling"
	NoteSource   = "source"
	NoteIdentity = "identity"
	NotePlace    = "copied "
)

// Execer is a database, or a transaction in it.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// MakeNotes makes the table of notes if it is missing.
func (s *Schema) MakeNotes(ctx context.Context, db *sql.DB) error {
	all, err := s.tables(ctx, db)
	if err != nil || slices.Contains(all, s.dialect.notes) {
		return err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+s.dialect.notes+" (name text NOT NULL PRIMARY KEY, value text NOT NULL)"); err != nil || s.dialect.grant == "" {
		return err
	}
	_, err = db.ExecContext(ctx, s.dialect.grant)
	return err
}

// Notes returns all notes by name; none if there is no table for them.
func (s *Schema) Notes(ctx context.Context, db *sql.DB) (map[string]string, error) {
	all, err := s.tables(ctx, db)
	if err != nil || !slices.Contains(all, s.dialect.notes) {
		return nil, err
	}
	return s.readNotes(ctx, db)
}

func (s *Schema) readNotes(ctx context.Context, db *sql.DB) (notes map[string]string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT name, value FROM "+s.dialect.notes)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	notes = map[string]string{}
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		notes[name] = value
	}
	return notes, rows.Err()
}

// SetNote sets a note, or deletes it if value is empty. The table must exist.
func (s *Schema) SetNote(ctx context.Context, db Execer, name, value string) error {
	if value == "" {
		_, err := db.ExecContext(ctx, "DELETE FROM "+s.dialect.notes+" WHERE name = "+s.dialect.one, name)
		return err
	}
	_, err := db.ExecContext(ctx, "INSERT INTO "+s.dialect.notes+" (name, value) VALUES ("+s.dialect.one+", "+s.dialect.two+
		") ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}
