// Package conn handles SQLite connections: how a file is opened, the one
// connection that writes, and what SQLite's errors mean.
package conn

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"time"

	"github.com/gavel-rules/gavel/store/sqlite/gather"
)

// busyTimeout is how long a connection waits for the lock of another process.
const busyTimeout = 5 * time.Second

// Access is how a connection uses the database.
type Access int

const (
	// Writing syncs every commit to disk. Gathering does so too and writes each
	// to the log at once, see package gather. Reading writes nothing.
	Writing Access = iota
	Gathering
	Reading
	// Unchanging reads a file that nobody writes, in a folder that is not
	// writable.
	Unchanging
	// Alone is for a file that no other process uses.
	Alone
)

// DSN returns the driver's name of a database file with its settings.
func DSN(path string, how Access) string {
	v := url.Values{}
	if how == Gathering {
		// Without it, SQLite writes its log by itself.
		if name, err := gather.VFS(); err == nil && name != "" {
			v.Set("vfs", name)
		}
	}
	v.Set("_error_rc", "1")
	v.Set("_dqs", "0")
	v.Set("_busy_timeout", fmt.Sprint(busyTimeout.Milliseconds()))
	switch how {
	case Writing, Gathering:
		v.Set("mode", "rw")
		v.Set("_journal_mode", "WAL")
		v.Set("_synchronous", "FULL")
	case Alone:
		v.Set("mode", "rw")
	case Unchanging:
		v.Set("immutable", "1")
		fallthrough
	case Reading:
		v.Set("mode", "ro")
		v.Set("_query_only", "1")
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: v.Encode()}
	return u.String()
}

// Pool returns a pool with a maximum number of connections, which stay open.
func Pool(c driver.Connector, connections int) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}
