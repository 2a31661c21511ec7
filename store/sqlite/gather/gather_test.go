package gather_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/gavel-rules/gavel/store/sqlite/gather"
)

// open opens a database with a page cache so small that transactions spill into
// the log before they end.
func open(t *testing.T, file, settings string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=cache_size(5)&_pragma=busy_timeout(5000)"+settings)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func vfs(t *testing.T) string {
	t.Helper()
	name, err := gather.VFS()
	if err != nil {
		t.Fatal(err)
	}
	if name == "" {
		return ""
	}
	return "&vfs=" + name
}

func do(t *testing.T, db interface {
	Exec(string, ...any) (sql.Result, error)
}, text string, args ...any) {
	t.Helper()
	if _, err := db.Exec(text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func number(t *testing.T, db *sql.DB, text string) (n int) {
	t.Helper()
	if err := db.QueryRow(text).Scan(&n); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n
}

// TestOthersReadWhatIsCommitted: at every way to sync, another connection,
// which reads the file itself, sees each commit when it has returned, and
// nothing of what was rolled back, also of transactions larger than the cache.
func TestOthersReadWhatIsCommitted(t *testing.T) {
	t.Parallel()
	for _, sync := range []string{"FULL", "NORMAL", "OFF", "EXTRA"} {
		t.Run(sync, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "a.db")
			write, read := open(t, file, vfs(t)+"&_pragma=synchronous("+sync+")"), open(t, file, "")
			do(t, write, "CREATE TABLE rows (n INTEGER PRIMARY KEY, body BLOB, again TEXT)")
			do(t, write, "CREATE INDEX rows_again ON rows (again)")
			want := 0
			for round := range 15 {
				tx, err := write.Begin()
				if err != nil {
					t.Fatal(err)
				}
				size := 1 + round%7*40
				for i := range size {
					do(t, tx, "INSERT INTO rows (body, again) VALUES (?, ?)", bytes.Repeat([]byte{byte(i)}, 900+i*17), fmt.Sprint(i*7919%1000))
					if i%50 == 49 { // what has spilled is read again, and written again
						do(t, tx, "UPDATE rows SET again = again || 'x' WHERE n % 13 = 0")
					}
				}
				if round%3 == 2 {
					if err := tx.Rollback(); err != nil {
						t.Fatal(err)
					}
				} else {
					if err := tx.Commit(); err != nil {
						t.Fatal(err)
					}
					want += size
				}
				if got := number(t, read, "SELECT count(*) FROM rows"); got != want {
					t.Fatalf("round %d: another connection sees %d rows, want %d", round, got, want)
				}
				if round%5 == 4 {
					do(t, write, "PRAGMA wal_checkpoint(RESTART)")
				}
			}
			for _, db := range []*sql.DB{write, read} {
				var words string
				if err := db.QueryRow("PRAGMA integrity_check").Scan(&words); err != nil || words != "ok" {
					t.Errorf("integrity: %q, %v", words, err)
				}
			}
			if err := errors.Join(read.Close(), write.Close()); err != nil {
				t.Fatal(err)
			}
			if got := number(t, open(t, file, ""), "SELECT count(*) FROM rows"); got != want {
				t.Errorf("opened again: %d rows, want %d", got, want)
			}
		})
	}
}

// TestReadersBeside: readers with SQLite's own file layer see whole
// transactions while another connection writes and the log begins anew.
func TestReadersBeside(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "a.db")
	write := open(t, file, vfs(t)+"&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(20)")
	do(t, write, "CREATE TABLE rows (n INTEGER PRIMARY KEY, round INTEGER, body BLOB)")
	const each = 30
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		read := open(t, file, "")
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				var rows, torn int
				err := read.QueryRow("SELECT count(*), ifnull(sum(length(body) <> 3000), 0) FROM rows").Scan(&rows, &torn)
				if err != nil || rows%each != 0 || torn > 0 {
					t.Errorf("%d rows, %d torn, %v", rows, torn, err)
					return
				}
			}
		})
	}
	for round := range 25 {
		tx, err := write.Begin()
		if err != nil {
			t.Fatal(err)
		}
		for range each {
			do(t, tx, "INSERT INTO rows (round, body) VALUES (?, ?)", round, make([]byte, 3000))
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	readers.Wait()
}

// TestLogIsWhole: after a commit, also one larger than what is gathered, the files
// have all of it.
func TestLogIsWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "a.db")
	write := open(t, file, vfs(t)+"&_pragma=synchronous(FULL)&_pragma=wal_autocheckpoint(0)")
	do(t, write, "CREATE TABLE rows (n INTEGER PRIMARY KEY, body BLOB)")
	for range 20 {
		do(t, write, "INSERT INTO rows (body) VALUES (?)", make([]byte, 300_000))
	}
	// The files as they are, without closing, are a whole database.
	other := filepath.Join(dir, "b.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(file + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(other+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := number(t, open(t, other, ""), "SELECT count(*) FROM rows WHERE length(body) = 300000"); got != 20 {
		t.Errorf("%d rows in the copy, want 20", got)
	}
}
