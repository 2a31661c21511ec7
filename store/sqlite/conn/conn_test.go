package conn_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/ledger"
	"github.com/gavel-rules/gavel/store/sqlite/conn"
)

// file makes a database with one table.
func file(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a b?.db") // a name that an address has to escape
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	db := pool(t, path, conn.Writing)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE things (n INTEGER PRIMARY KEY, word TEXT, raw BLOB)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func pool(t *testing.T, path string, how conn.Access) *sql.DB {
	t.Helper()
	c, err := sqlite.NewConnector(conn.DSN(path, how))
	if err != nil {
		t.Fatal(err)
	}
	db := conn.Pool(c, 1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func connect(t *testing.T, path string) *conn.Conn {
	t.Helper()
	c, err := sqlite.NewConnector(conn.DSN(path, conn.Writing))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := c.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return conn.New(raw)
}

func TestAccess(t *testing.T) {
	t.Parallel()
	path := file(t)
	for how, writes := range map[conn.Access]bool{conn.Writing: true, conn.Alone: true, conn.Reading: false, conn.Unchanging: false} {
		db := pool(t, path, how)
		_, err := db.ExecContext(t.Context(), "INSERT INTO things (word) VALUES ('x')")
		if writes != (err == nil) {
			t.Errorf("access %d writes: %v", how, err)
		}
		if !writes && !errors.Is(conn.Explain(err), event.ErrUnavailable) {
			t.Errorf("access %d: %v", how, err)
		}
	}
	// What is committed is on the disk.
	var mode string
	var sync, busy int
	db := pool(t, path, conn.Writing)
	for pragma, into := range map[string]any{"journal_mode": &mode, "synchronous": &sync, "busy_timeout": &busy} {
		if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	if mode != "wal" || sync != 2 || busy != 5000 {
		t.Errorf("journal %s, synchronous %d, busy timeout %d", mode, sync, busy)
	}
	for _, how := range []conn.Access{conn.Writing, conn.Alone} {
		if err := pool(t, path+"-not-there", how).PingContext(t.Context()); err == nil {
			t.Errorf("opening makes a file, access %d", how)
		}
	}
}

func TestConn(t *testing.T) {
	t.Parallel()
	c := connect(t, file(t))
	const insert = "INSERT INTO things (n, word, raw) VALUES (?1, ?2, ?3)"
	for n, word := range []any{"zero", nil, "two"} {
		if changed, err := c.Exec(insert, n, word, []byte{byte(n)}); err != nil || changed != 1 {
			t.Fatalf("%d rows, %v", changed, err)
		}
	}
	if result, err := c.Result("UPDATE things SET raw = NULL WHERE n > ?1", int64(0)); err != nil {
		t.Error(err)
	} else if changed, err := result.RowsAffected(); err != nil || changed != 2 {
		t.Errorf("%d rows, %v", changed, err)
	}
	type row struct {
		N    int
		N64  int64
		Yes  bool
		Word *string
		Null sql.NullString
		Num  sql.NullInt64
		Raw  []byte
	}
	var got []row
	zero, two := "zero", "two"
	for range 2 { // each statement is prepared once
		got = nil
		err := c.Scan(func(s ledger.Scanner) error {
			var r row
			err := s.Scan(&r.N, &r.N64, &r.Yes, &r.Word, &r.Null, &r.Num, &r.Raw)
			got = append(got, r)
			return err
		}, "SELECT n, n, n, word, word, nullif(n, 1), raw FROM things ORDER BY n")
		if err != nil {
			t.Fatal(err)
		}
	}
	want := []row{
		{0, 0, false, &zero, sql.NullString{String: "zero", Valid: true}, sql.NullInt64{Valid: true}, []byte{0}},
		{1, 1, true, nil, sql.NullString{}, sql.NullInt64{}, nil},
		{2, 2, true, &two, sql.NullString{String: "two", Valid: true}, sql.NullInt64{Int64: 2, Valid: true}, nil},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// One takes the first of several.
	var n int
	if err := c.One([]any{&n}, "SELECT n FROM things ORDER BY n DESC"); err != nil || n != 2 {
		t.Errorf("%d, %v", n, err)
	}
	if err := c.One([]any{&n}, "SELECT n FROM things WHERE n > ?1", 5); !errors.Is(err, sql.ErrNoRows) {
		t.Error(err)
	}
	stop, seen := errors.New("enough"), 0
	if err := c.Scan(func(ledger.Scanner) error { seen++; return stop }, "SELECT n FROM things"); !errors.Is(err, stop) || seen != 1 {
		t.Errorf("%d rows, %v", seen, err)
	}
	if _, err := c.Exec("INSERT INTO nowhere VALUES (1)"); err == nil || conn.Code(err) != lib.SQLITE_ERROR {
		t.Error(err)
	}
	if err := c.One([]any{&n}, "SELECT 1 UNION ALL SELECT abs(-9223372036854775808)"); err == nil {
		t.Error("a query that fails at its second row succeeds")
	}
	if err := c.Scan(nil, "SELECT n FROM nowhere"); err == nil {
		t.Error("a table that is not there was read")
	}
	if _, err := c.Exec(insert, 0, "again", nil); conn.Code(err) != lib.SQLITE_CONSTRAINT || conn.Passing(err) {
		t.Errorf("a row that is there: code %d, %v", conn.Code(err), err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestValuesThatDoNotFit are told, and change into nothing else.
func TestValuesThatDoNotFit(t *testing.T) {
	t.Parallel()
	c := connect(t, file(t))
	defer c.Close() //nolint:errcheck // only read
	var (
		n       int
		n64     int64
		yes     bool
		word    string
		maybe   *string
		raw     []byte
		number  sql.NullInt64
		text    sql.NullString
		unknown float64
	)
	for value, dests := range map[string][]any{
		"'x'": {&n, &n64, &yes, &raw, &number, &unknown}, "7": {&word, &maybe, &raw, &text, &unknown},
		"NULL": {&n, &n64, &yes, &word, &unknown}, "x'00'": {&n, &word, &maybe, &text, &number}, "1.5": {&n, &n64, &yes, &word, &number, &unknown},
	} {
		for _, dest := range dests {
			if err := c.One([]any{dest}, "SELECT "+value); err == nil || !strings.HasPrefix(err.Error(), "column 0: ") || !strings.Contains(err.Error(), "does not fit into") {
				t.Errorf("%s into %T: %v", value, dest, err)
			}
		}
	}
	if err := c.One([]any{&n, &n}, "SELECT 1"); err == nil || err.Error() != "a row has 1 columns, not 2" {
		t.Error(err)
	}
}

// TestWhatErrorsMean has errors as SQLite makes them.
func TestWhatErrorsMean(t *testing.T) {
	t.Parallel()
	failing := func(path string, how conn.Access, statements ...string) error {
		db := pool(t, path, how)
		for _, s := range statements {
			if _, err := db.ExecContext(t.Context(), s); err != nil {
				return err
			}
		}
		return nil
	}
	full := failing(file(t), conn.Writing, "PRAGMA max_page_count = 3", "INSERT INTO things (raw) VALUES (zeroblob(100000))")
	readOnly := failing(file(t), conn.Reading, "DELETE FROM things")
	noDatabase := filepath.Join(t.TempDir(), "words")
	if err := os.WriteFile(noDatabase, []byte(strings.Repeat("These are words. ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	words := failing(noDatabase, conn.Writing, "SELECT * FROM sqlite_schema")
	folder := failing(t.TempDir(), conn.Writing, "SELECT * FROM sqlite_schema")
	plain := failing(file(t), conn.Writing, "SELECT nothing")
	for name, c := range map[string]struct {
		err         error
		code        int
		passes      bool
		says, opens string
	}{
		"full":        {full, lib.SQLITE_FULL, true, "the disk of the database is full; free some space: ", `open store "p": `},
		"read-only":   {readOnly, lib.SQLITE_READONLY, true, "the database cannot be written; check the permissions of the file and its folder: ", `open store "p": the database is read-only; make the file and its folder writable for this user: `},
		"no database": {words, lib.SQLITE_NOTADB, false, "", `open store "p": the file is not a SQLite database; name another file or move this one away: `},
		"a folder":    {folder, lib.SQLITE_CANTOPEN, true, "", `open store "p": no permission to open the file or to create files beside it; check the owner and mode of both: `},
		"plain":       {plain, lib.SQLITE_ERROR, false, "", `open store "p": `},
		"other":       {io.EOF, 0, false, "EOF", `open store "p": EOF`},
		"unavailable": {fmt.Errorf("%w: x", event.ErrUnavailable), 0, true, "unavailable: x", `open store "p": unavailable: x`},
		"canceled":    {context.Canceled, 0, false, "context canceled", `open store "p": context canceled`},
	} {
		explained, opened := conn.Explain(c.err), conn.ExplainOpen("p", c.err)
		if conn.Code(c.err) != c.code || conn.Passing(c.err) != c.passes || errors.Is(explained, event.ErrUnavailable) != c.passes {
			t.Errorf("%s: code %d, passing %t: %v", name, conn.Code(c.err), conn.Passing(c.err), explained)
		}
		if explained == nil || opened == nil || !strings.Contains(explained.Error(), c.says) || !strings.HasPrefix(opened.Error(), c.opens) || !errors.Is(explained, c.err) || !errors.Is(opened, c.err) {
			t.Errorf("%s:\n%v\n%v", name, explained, opened)
		}
	}
	if conn.Explain(nil) != nil || conn.Passing(nil) || conn.Code(nil) != 0 {
		t.Error("no error is explained")
	}
	if err := conn.Damaged("/p/gavel.db", io.EOF); !errors.Is(err, io.EOF) || !strings.Contains(err.Error(), "gavel restore BACKUP --database sqlite:/p/gavel.db --force") {
		t.Error(err)
	}
}

// TestLocked: another process that writes is waited for, then told.
func TestLocked(t *testing.T) {
	t.Parallel()
	path := file(t)
	holder, other := connect(t, path), connect(t, path)
	defer holder.Close() //nolint:errcheck // the test ends
	defer other.Close()  //nolint:errcheck // the test ends
	if _, err := other.Exec("PRAGMA busy_timeout = 1"); err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	_, err := other.Exec("BEGIN IMMEDIATE")
	if conn.Code(err) != lib.SQLITE_BUSY || !conn.Passing(err) || !strings.Contains(conn.Explain(err).Error(), "unavailable: another process keeps the database locked: ") {
		t.Error(err)
	}
}
