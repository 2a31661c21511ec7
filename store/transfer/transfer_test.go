package transfer_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/store/postgres"
	"github.com/gavel-rules/gavel/store/sqlite"
	"github.com/gavel-rules/gavel/store/transfer"
	"github.com/gavel-rules/gavel/store/upgrade"
)

// nullable are the columns that can be NULL.
func nullable() []string {
	return []string{"events.meeting", "runs.meeting", "runs.lanes", "runs.owner", "runs.results", "runs.trace", "runs.replaced",
		"runs.paused_by", "runs.issue", "attempts.request", "attempts.response"}
}

// row makes the n-th row of a table, with something else in every column.
func row(t transfer.Table, n int) []any {
	var out []any
	for i, c := range t.Columns {
		var v any
		switch {
		case n%2 == 1 && slices.Contains(nullable(), t.Name+"."+c.Name):
		case c.Kind == transfer.Int:
			v = int64(n*len(t.Columns) + i + 1)
		case c.Kind == transfer.Bool:
			v = (n+i)%2 == 0
		case c.Kind == transfer.Text:
			v = fmt.Sprintf("%s %06d €\x1f", c.Name, n)
		case c.Kind == transfer.Blob && n%3 == 0:
			v = []byte{}
		case c.Kind == transfer.Blob:
			v = []byte{0, byte(n), 0xff, byte(i)}
		}
		out = append(out, v)
	}
	return out
}

// many is more than two batches.
const many = 2100

func fill(t *testing.T, s transfer.Side) {
	t.Helper()
	for _, table := range transfer.Tables() {
		n := 7
		if table.Name == "events" || table.Name == "issues" {
			n = many
		}
		var rows [][]any
		for i := range n {
			rows = append(rows, row(table, i))
		}
		if err := errors.Join(s.SetNotes(t.Context(), nil), s.Write(t.Context(), table, rows, "x", "")); err != nil {
			t.Fatalf("%s: %v", table.Name, err)
		}
	}
	if err := s.Finish(t.Context(), 1_000_000); err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, path string, target bool) transfer.Side {
	t.Helper()
	s, err := sqlite.OpenTables(t.Context(), path, target)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func server(t *testing.T, url string, target bool) transfer.Side {
	t.Helper()
	s, err := postgres.OpenTables(t.Context(), url, target)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, sides ...transfer.Side) {
	t.Helper()
	for _, s := range sides {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func wants(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("the error is %v, want %q", err, want)
	}
}

// TestThereAndBack copies all kinds of rows from SQLite to PostgreSQL, from there
// to another and back to SQLite.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	first, second, last := testkit.NewDatabase(t), testkit.NewDatabase(t), filepath.Join(t.TempDir(), "last.db")
	from := file(t, filepath.Join(t.TempDir(), "first.db"), true)
	fill(t, from)
	var before []transfer.Copied
	for _, to := range []transfer.Side{server(t, first, true), server(t, second, true), file(t, last, true)} {
		copied, err := transfer.Copy(t.Context(), from, to, transfer.Options{From: "a", To: "b", Mark: "b"})
		if err != nil {
			t.Fatal(err)
		}
		if before != nil {
			if diff := cmp.Diff(before, copied); diff != "" {
				t.Errorf("the copy has other rows (-want +got)\n%s", diff)
			}
		}
		before = copied
		if n, err := to.Numbered(t.Context()); err != nil || n != 1_000_000 {
			t.Errorf("the highest number of an event is %d, %v", n, err)
		}
		closed(t, from)
		from = to
	}
	closed(t, from)
	for _, c := range before {
		if c.Rows < 7 {
			t.Errorf("%s has %d rows: that says little", c.Table, c.Rows)
		}
	}
	_, err := sqlite.Open(t.Context(), last, sqlite.Options{Exclusive: true})
	wants(t, err, "")
	_, err = postgres.Open(t.Context(), first, postgres.Options{})
	wants(t, err, `it was moved by "gavel copy" to b`)
}

// crashing ends a copy at one of its writes, before or after it was done.
type crashing struct {
	transfer.Side
	left  int
	after bool
}

var errCrash = errors.New("crash")

func (c *crashing) Write(ctx context.Context, t transfer.Table, rows [][]any, note, value string) error {
	c.left--
	if c.left == 0 && !c.after {
		return errCrash
	}
	err := c.Side.Write(ctx, t, rows, note, value)
	if c.left == 0 {
		return errors.Join(err, errCrash)
	}
	return err
}

// TestCutOff ends a copy at each of its writes and continues.
func TestCutOff(t *testing.T) {
	t.Parallel()
	source, target := filepath.Join(t.TempDir(), "source.db"), filepath.Join(t.TempDir(), "target.db")
	from := file(t, source, true)
	fill(t, from)
	o := transfer.Options{From: "the source", To: "the target", Mark: "the target"}
	crashes := 0
	for after := false; ; after = !after {
		to := file(t, target, true)
		copied, err := transfer.Copy(t.Context(), from, &crashing{to, 2, after}, o)
		closed(t, from, to)
		if err == nil {
			if copied[0].Rows != many {
				t.Errorf("%d events were copied", copied[0].Rows)
			}
			break
		}
		if !errors.Is(err, errCrash) {
			t.Fatal(err)
		}
		crashes++
		_, err = sqlite.Open(t.Context(), target, sqlite.Options{ReadOnly: true})
		wants(t, err, `it is being filled by "gavel copy" from the source`)
		_, err = sqlite.Open(t.Context(), source, sqlite.Options{Exclusive: true})
		wants(t, err, `it was moved by "gavel copy" to the target`)
		from = file(t, source, false)
	}
	if crashes < 10 {
		t.Errorf("only %d crashes", crashes)
	}
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from := file(t, filepath.Join(dir, "from.db"), true)
	fill(t, from)
	o := transfer.Options{From: "a", To: "b", Mark: "b"}
	full := file(t, filepath.Join(dir, "full.db"), true)
	fill(t, full)
	_, err := transfer.Copy(t.Context(), from, full, o)
	wants(t, err, "b holds something already (events: 2100); name an empty database")
	if notes, err := from.Notes(t.Context()); err != nil || notes[upgrade.NoteMoved] != "" {
		t.Errorf("the source is marked after a refusal: %v, %v", notes, err)
	}
	_, err = transfer.Copy(t.Context(), from, from, o)
	wants(t, err, "source and target are the same database")

	half := file(t, filepath.Join(dir, "half.db"), true)
	_, err = transfer.Copy(t.Context(), from, &crashing{half, 1, false}, o)
	wants(t, err, "crash")
	_, err = transfer.Copy(t.Context(), full, half, o)
	wants(t, err, "b is being filled from another database, a; finish that copy")
	_, err = transfer.Copy(t.Context(), half, file(t, filepath.Join(dir, "other.db"), true), o)
	wants(t, err, "the source is itself being filled from a")
	_, err = transfer.Copy(t.Context(), from, file(t, filepath.Join(dir, "another.db"), true), o)
	wants(t, err, `a was moved to b; copy that one, or allow this one to be used again with "gavel copy --undo"`)

	// Whoever changes the source after all is noticed at the end.
	events := transfer.Tables()[0]
	if err := full.Write(t.Context(), events, [][]any{row(events, 9999)}, "x", ""); err != nil {
		t.Fatal(err)
	}
	if err := from.Write(t.Context(), events, [][]any{row(events, 9999)}, "x", ""); err != nil {
		t.Fatal(err)
	}
	if _, err = transfer.Copy(t.Context(), from, half, o); err != nil {
		t.Errorf("rows that were added at the end are copied as well: %v", err)
	}
	_, err = transfer.Copy(t.Context(), from, half, o)
	wants(t, err, "a was copied to b already, completely")
}

// TestOneByTwoNames: a database with tables and no rows can be reached by two URLs.
func TestOneByTwoNames(t *testing.T) {
	t.Parallel()
	url := testkit.NewDatabase(t)
	from, to := server(t, url, true), server(t, url, true)
	_, err := transfer.Copy(t.Context(), from, to, transfer.Options{From: "a", To: "b", Mark: "b"})
	wants(t, err, "source and target are the same database")
	if notes, err := from.Notes(t.Context()); err != nil || notes[upgrade.NoteMoved] != "" {
		t.Errorf("the source is marked after a refusal: %v, %v", notes, err)
	}
	closed(t, from, to)
}

// TestChangedSource: a row that was added behind the place of a copy.
func TestChangedSource(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to := file(t, filepath.Join(dir, "from.db"), true), file(t, filepath.Join(dir, "to.db"), true)
	fill(t, from)
	o := transfer.Options{From: "a", To: "b"}
	_, err := transfer.Copy(t.Context(), from, &crashing{to, 4, true}, o)
	wants(t, err, "crash")
	events := transfer.Tables()[0]
	if err := from.Write(t.Context(), events, [][]any{row(events, 9999)}, "x", ""); err != nil {
		t.Fatal(err)
	}
	_, err = transfer.Copy(t.Context(), from, to, o)
	wants(t, err, "events has 2101 rows in the source and 2100 in the target: the source was changed since the copy began")
}

// TestNothingIsForgotten fails for a table or a column that a copy would leave
// behind: add it to transfer.Tables, or to Left or Own with the reason.
func TestNothingIsForgotten(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "gavel.db")
		closed(t, file(t, path, true))
		compareTables(t, "sqlite", path, false, `SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
			WHERE t.type = 'table' AND t.name NOT GLOB 'sqlite_*'`)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		url := testkit.NewDatabase(t)
		closed(t, server(t, url, true))
		compareTables(t, "pgx", url, true, `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`)
	})
}

func compareTables(t *testing.T, driver, url string, own bool, query string) {
	t.Helper()
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got, want []string
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		if table = strings.TrimPrefix(table, "gavel_"); transfer.Left()[table] == "" {
			got = append(got, table+"."+column)
		}
	}
	if rows.Err() != nil || len(got) == 0 {
		t.Fatalf("no tables: %v", rows.Err())
	}
	for _, table := range transfer.Tables() {
		for _, c := range table.Columns {
			want = append(want, table.Name+"."+c.Name)
		}
	}
	for name := range transfer.Own() {
		if own {
			want = append(want, name)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the database has other columns than a copy knows (-copied +there)\n%s", diff)
	}
}
