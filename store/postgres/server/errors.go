package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/internal/batch"
)

// The PostgreSQL error codes that are handled.
const (
	wrongPassword   = "28P01"
	notAuthorized   = "28000"
	noDatabase      = "3D000"
	notUnique       = "23505"
	noPermission    = "42501"
	readOnly        = "25006"
	deadlock        = "40P01"
	serialization   = "40001"
	lockUnavailable = "55P03"
	queryCanceled   = "57014"
)

// Code returns the code of an error from the server, or "".
func Code(err error) string {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return ""
	}
	return e.Code
}

// Passing reports whether an error may be temporary: a lost connection, a
// server that stops, starts, is full or has become a replica, or a conflict
// with another transaction.
func Passing(err error) bool {
	var (
		connect *pgconn.ConnectError
		network net.Error
	)
	if errors.As(err, &connect) {
		return true // whatever the server says to it: nothing was done
	}
	if c := Code(err); c != "" {
		switch c {
		case readOnly, deadlock, serialization, lockUnavailable, queryCanceled:
			return true
		}
		switch c[:2] {
		case "08", "53", "57", "58":
			return true
		}
		return false
	}
	return errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, os.ErrDeadlineExceeded) || pgconn.SafeToRetry(err)
}

// Clashed reports whether a transaction failed only because of a concurrent
// one. One case is an event that two processes accept at the same time under
// different meetings, which no lock prevents.
func Clashed(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case deadlock, serialization:
		return true
	case notUnique:
		return e.ConstraintName == "gavel_events_id_key"
	}
	return false
}

// Explain marks a temporary error as such. ctx is the caller's: when it has
// ended, its error is returned.
func Explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, event.ErrUnavailable):
		return err
	case errors.Is(err, puddle.ErrClosedPool):
		return batch.ErrClosed
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: the database did not answer in time: %w", event.ErrUnavailable, err)
	case Passing(err):
		return fmt.Errorf("%w: the database is unreachable or busy: %w", event.ErrUnavailable, err)
	}
	return err
}

// ExplainOpen says why a database cannot be opened, and what to do. It never
// contains the password.
func ExplainOpen(c *pgx.ConnConfig, err error) error {
	where := fmt.Sprintf("open store at %s:%d, database %q, user %q", c.Host, c.Port, c.Database, c.User)
	switch Code(err) {
	case wrongPassword, notAuthorized:
		return fmt.Errorf("%s: user or password rejected; check both, and the server's pg_hba.conf: %w", where, err)
	case noDatabase:
		return fmt.Errorf("%s: no such database; create it first: %w", where, err)
	case noPermission:
		return fmt.Errorf("%s: the user may not create tables in the schema; grant it CREATE there: %w", where, err)
	case readOnly:
		return fmt.Errorf("%s: the server is read-only, such as a replica; connect to the primary: %w", where, err)
	case "":
		if Passing(err) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%s: cannot reach the server; check host and port, and that it is running: %w", where, down(err))
		}
	}
	if Passing(err) {
		return fmt.Errorf("%s: the server accepts no connection now: %w: %w", where, event.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// unreachable is a network error in words, without the calls that led to it.
type unreachable struct {
	words string
	err   error
}

func down(err error) error {
	words := err.Error()
	var number syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &number):
		words = number.Error()
	case errors.As(err, &dns) && dns.IsNotFound:
		words = "the host name is not known"
	case errors.Is(err, context.DeadlineExceeded):
		words = "no answer in time"
	}
	return &unreachable{words, err}
}

// Error returns the words.
func (u *unreachable) Error() string { return u.words }

// Unwrap returns the kind of the error and its cause.
func (u *unreachable) Unwrap() []error { return []error{event.ErrUnavailable, u.err} }

// CheckURL rejects a value that is not a database URL. The parser's error is
// left out, because it may quote the password.
func CheckURL(url string) error {
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return errors.New("open store: the database URL must look like postgres://user:password@host:5432/database")
	}
	return nil
}
