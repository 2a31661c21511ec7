// Package transfer copies a whole database into another, of the same kind or the
// other. Values are copied as they are stored, also encrypted ones.
//
// A target says in a note from which database it is filled and, in the same
// transaction as the rows, how far each table has come, so that a copy can be
// continued after it was killed. Nobody else may use it until it is complete
// and was compared with the source, and nobody may change the source from then
// on.
package transfer

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/gavel-rules/gavel/store/upgrade"
)

// Side is one of the two databases. While it is open, nobody serves from it.
type Side interface {
	// Notes returns the notes of the database, SetNotes sets some; see package
	// upgrade.
	Notes(ctx context.Context) (map[string]string, error)
	SetNotes(ctx context.Context, notes map[string]string) error
	// Alone returns an error if another process may be using the database.
	Alone(ctx context.Context) error
	// Rows calls each with the rows of a table in the order of their keys, from
	// behind a key on or, if that is nil, all of them. The values are only valid
	// during the call.
	Rows(ctx context.Context, t Table, behind []any, each func(row []any) error) error
	// Count returns how many rows a table has.
	Count(ctx context.Context, t Table) (int64, error)
	// Write stores rows and a note in one transaction.
	Write(ctx context.Context, t Table, rows [][]any, note, value string) error
	// Numbered returns the highest number that an event ever had; Finish makes
	// the next ones higher.
	Numbered(ctx context.Context) (int64, error)
	Finish(ctx context.Context, numbered int64) error
	Close() error
}

// Options say what to copy.
type Options struct {
	// From and To are how people know the databases, without passwords.
	From, To string
	// Mark is written into the source, for whoever wants to use it afterwards;
	// empty if both may be used.
	Mark string
	// Tell is called from time to time with how far a table has come, unless it is
	// nil.
	Tell func(Progress)
}

// Progress is how far the copy of a table has come.
type Progress struct {
	Table     string
	Rows, Of  int64
	Comparing bool // with the source, at the end
	Done      bool
}

// Copied is a table that was copied and compared.
type Copied struct {
	Table string
	Rows  int64
	Hash  string // SHA-256 of all rows, the same in both databases
}

const (
	batchRows  = 1000
	batchBytes = 4 << 20
	done       = "all"
)

// Copy copies everything from one database into another, or continues to. The
// error says what to do.
func Copy(ctx context.Context, from, to Side, o Options) ([]Copied, error) {
	if err := begin(ctx, from, to, o); err != nil {
		return nil, err
	}
	places, err := to.Notes(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range Tables() {
		if err := copyTable(ctx, from, to, t, places[upgrade.NotePlace+t.Name], o.Tell); err != nil {
			return nil, fmt.Errorf("copy %s: %w", t.Name, interrupted(ctx, fmt.Errorf("%w\nto continue, run the same command again", err)))
		}
	}
	numbered, err := from.Numbered(ctx)
	if err != nil {
		return nil, err
	}
	if err := to.Finish(ctx, numbered); err != nil {
		return nil, interrupted(ctx, err)
	}
	copied, err := compare(ctx, from, to, o.Tell)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	return copied, end(ctx, from, to, o)
}

func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted; run the same command again to continue")
	}
	return err
}

// begin makes sure that both databases are those of this copy.
func begin(ctx context.Context, from, to Side, o Options) error {
	source, err := from.Notes(ctx)
	if err != nil {
		return err
	}
	identity := cmp.Or(source[upgrade.NoteIdentity], uuid.NewString())
	if err := from.SetNotes(ctx, map[string]string{upgrade.NoteIdentity: identity}); err != nil {
		return err
	}
	target, err := to.Notes(ctx) // only now, because both can be one database by two names
	if err != nil {
		return err
	}
	known := target[upgrade.NoteSource] == identity
	switch {
	case target[upgrade.NoteIdentity] == identity:
		return errors.New("source and target are the same database")
	case source[upgrade.NoteFilling] != "":
		return fmt.Errorf("the source is itself being filled from %s; finish that copy first", source[upgrade.NoteFilling])
	case known && target[upgrade.NoteFilling] == "":
		return fmt.Errorf("%s was copied to %s already, completely", o.From, o.To)
	case source[upgrade.NoteMoved] != "" && !known:
		return fmt.Errorf(`%s was moved to %s; copy that one, or allow this one to be used again with "gavel copy --undo"`, o.From, source[upgrade.NoteMoved])
	case target[upgrade.NoteFilling] != "" && !known:
		return fmt.Errorf("%s is being filled from another database, %s; finish that copy, or name an empty database", o.To, target[upgrade.NoteFilling])
	}
	// First the mark and then the look: a process that started meanwhile is seen.
	mark := o.Mark
	if mark == "" {
		mark = o.To + " (a copy is being made)"
	}
	if err := from.SetNotes(ctx, map[string]string{upgrade.NoteMoved: mark}); err != nil {
		return err
	}
	err = errors.Join(from.Alone(ctx), to.Alone(ctx))
	if err == nil && !known {
		err = claim(ctx, to, identity, o)
	}
	if err != nil && !known {
		err = errors.Join(err, from.SetNotes(context.WithoutCancel(ctx), map[string]string{upgrade.NoteMoved: source[upgrade.NoteMoved]}))
	}
	return err
}

// claim makes an empty database the target of this copy.
func claim(ctx context.Context, to Side, identity string, o Options) error {
	for _, t := range Tables() {
		if t.Kept {
			continue
		}
		n, err := to.Count(ctx, t)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%s holds something already (%s: %d); name an empty database", o.To, t.Name, n)
		}
	}
	return to.SetNotes(ctx, map[string]string{upgrade.NoteSource: identity, upgrade.NoteFilling: o.From, upgrade.NoteMoved: ""})
}

// end lets the target be used.
func end(ctx context.Context, from, to Side, o Options) error {
	ctx = context.WithoutCancel(ctx)
	notes, err := to.Notes(ctx)
	if err != nil {
		return err
	}
	maps.DeleteFunc(notes, func(name, _ string) bool { return !strings.HasPrefix(name, upgrade.NotePlace) })
	for name := range notes {
		notes[name] = ""
	}
	notes[upgrade.NoteFilling] = ""
	if err := to.SetNotes(ctx, notes); err != nil {
		return err
	}
	return from.SetNotes(ctx, map[string]string{upgrade.NoteMoved: o.Mark})
}

func copyTable(ctx context.Context, from, to Side, t Table, place string, tell func(Progress)) error {
	if place == done {
		return nil
	}
	behind, err := decodeKey(t, place)
	if err != nil {
		return err
	}
	p := Progress{Table: t.Name}
	if p.Of, err = from.Count(ctx, t); err != nil {
		return err
	}
	if behind != nil {
		if p.Rows, err = to.Count(ctx, t); err != nil {
			return err
		}
	}
	for more := true; more; {
		var batch [][]any
		size := 0
		errFull := errors.New("the batch is full")
		err := from.Rows(ctx, t, behind, func(row []any) error {
			batch = append(batch, clone(row))
			size += sizeOf(row)
			if len(batch) >= batchRows || size >= batchBytes {
				return errFull
			}
			return nil
		})
		if more = errors.Is(err, errFull); err != nil && !more {
			return err
		}
		place = done
		if more {
			behind = slices.Clone(batch[len(batch)-1][:t.Key])
			if place, err = encodeKey(behind); err != nil {
				return err
			}
		}
		if err := to.Write(ctx, t, batch, upgrade.NotePlace+t.Name, place); err != nil {
			return err
		}
		p.Rows, p.Done = p.Rows+int64(len(batch)), !more
		if tell != nil {
			tell(p)
		}
	}
	return nil
}

func clone(row []any) []any {
	out := make([]any, len(row))
	for i, v := range row {
		if b, ok := v.([]byte); ok {
			v = append([]byte{}, b...)
		}
		out[i] = v
	}
	return out
}

func sizeOf(row []any) (n int) {
	for _, v := range row {
		switch v := v.(type) {
		case []byte:
			n += len(v)
		case string:
			n += len(v)
		default:
			n += 8
		}
	}
	return n
}

func encodeKey(key []any) (string, error) {
	raw, err := json.Marshal(key)
	return string(raw), err
}

func decodeKey(t Table, text string) ([]any, error) {
	if text == "" {
		return nil, nil
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var key []any
	if err := dec.Decode(&key); err != nil || len(key) != t.Key {
		return nil, fmt.Errorf("how far %s was copied is not readable; name an empty database", t.Name)
	}
	for i, v := range key {
		if number, ok := v.(json.Number); ok {
			n, err := number.Int64()
			if err != nil {
				return nil, err
			}
			key[i] = n
		}
	}
	return key, nil
}
