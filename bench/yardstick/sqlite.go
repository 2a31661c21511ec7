package yardstick

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	_ "modernc.org/sqlite"
)

// The receiver in this file is what a developer would write instead of Gavel:
// net/http, SQLite in WAL mode with synchronous=FULL, and one writer that
// commits all that has queued up meanwhile. An event is answered after its
// commit; what the rule sends is a row of an outbox in the same transaction,
// posted afterwards until it arrives. It keeps every event over kill -9, and has
// nothing else of Gavel's: no rules in a file, no lists, no search.

const (
	writeBatch = 256
	sqliteText = `
		CREATE TABLE IF NOT EXISTS events (
			id TEXT PRIMARY KEY, type TEXT NOT NULL, meeting TEXT NOT NULL, title TEXT NOT NULL, start INTEGER NOT NULL,
			owner TEXT NOT NULL, invitee TEXT NOT NULL, received INTEGER NOT NULL, body BLOB NOT NULL);
		CREATE TABLE IF NOT EXISTS outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, payload BLOB NOT NULL);`
	insertEvent = `INSERT INTO events (id, type, meeting, title, start, owner, invitee, received, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`
	insertLetter = "INSERT INTO outbox (event, payload) VALUES (?, ?)"
	deleteLetter = "DELETE FROM outbox WHERE id = ?"
)

// write is one thing for the writer to do: to keep an event, or to take a
// letter out of the outbox.
type write struct {
	event  *notice
	body   []byte
	letter int64
	done   chan error // has room for the answer
}

// sqliteReceiver keeps events in a file.
type sqliteReceiver struct {
	reader *sql.DB
	writer *sql.DB // with one connection
	queue  chan write
	post   *dispatcher

	event, outbox, sentOut *sql.Stmt
}

func openSQLite(ctx context.Context, o Options) (http.Handler, func() error, error) {
	settings := url.Values{"_pragma": {"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(5000)"}}
	r := &sqliteReceiver{queue: make(chan write, writeBatch)}
	for _, db := range []**sql.DB{&r.writer, &r.reader} {
		var err error
		if *db, err = sql.Open("sqlite", "file:"+o.Database+"?"+settings.Encode()); err != nil {
			return nil, nil, err
		}
		(*db).SetMaxOpenConns(1)
	}
	if err := r.prepare(ctx); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open %s: %w", o.Database, err), r.writer.Close(), r.reader.Close())
	}
	r.post = newDispatcher(r, o.Sink)
	var (
		working sync.WaitGroup
		failed  error
	)
	working.Go(func() { r.write(ctx) })
	working.Go(func() { failed = r.post.run(ctx) })
	wait := func() error {
		working.Wait()
		return errors.Join(failed, r.writer.Close(), r.reader.Close())
	}
	return routes([]byte(o.Secret), r.keep, r.left), wait, nil
}

func (r *sqliteReceiver) prepare(ctx context.Context) (err error) {
	if _, err := r.writer.ExecContext(ctx, sqliteText); err != nil {
		return err
	}
	for into, text := range map[**sql.Stmt]string{&r.event: insertEvent, &r.outbox: insertLetter, &r.sentOut: deleteLetter} {
		if *into, err = r.writer.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// keep returns once the event is on disk.
func (r *sqliteReceiver) keep(ctx context.Context, ev *notice, body []byte) error {
	return r.do(ctx, write{event: ev, body: body, done: make(chan error, 1)})
}

func (r *sqliteReceiver) sent(ctx context.Context, id int64) error {
	return r.do(ctx, write{letter: id, done: make(chan error, 1)})
}

func (r *sqliteReceiver) do(ctx context.Context, w write) error {
	select {
	case r.queue <- w:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write commits what has queued, again and again, until ctx ends.
func (r *sqliteReceiver) write(ctx context.Context) {
	batch := make([]write, 0, writeBatch)
	for {
		batch = batch[:0]
		select {
		case w := <-r.queue:
			batch = append(batch, w)
		case <-ctx.Done():
			return
		}
		for more := true; more && len(batch) < writeBatch; {
			select {
			case w := <-r.queue:
				batch = append(batch, w)
			default:
				more = false
			}
		}
		letters, err := r.commit(batch)
		if letters > 0 && err == nil {
			r.post.notify()
		}
		for _, w := range batch {
			w.done <- err
		}
	}
}

// commit writes a batch in one transaction, and returns how many letters are in
// it.
func (r *sqliteReceiver) commit(batch []write) (letters int, err error) {
	ctx := context.Background() // what has begun is finished
	tx, err := r.writer.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	for _, w := range batch {
		if w.event == nil {
			_, err = tx.Stmt(r.sentOut).ExecContext(ctx, w.letter)
		} else {
			var added bool
			if added, err = r.insert(ctx, tx, w); added {
				letters++
			}
		}
		if err != nil {
			return 0, errors.Join(err, tx.Rollback())
		}
	}
	return letters, tx.Commit()
}

// insert keeps an event that is not there yet, with its letter if the rule
// matches.
func (r *sqliteReceiver) insert(ctx context.Context, tx *sql.Tx, w write) (letter bool, err error) {
	ev, m := w.event, &w.event.Meeting
	res, err := tx.Stmt(r.event).ExecContext(ctx, ev.ID, ev.Type, m.ID, m.Info.Name, m.Start.UnixMicro(),
		m.Owner.Username, m.Info.Invitee, time.Now().UnixMicro(), w.body)
	if err != nil {
		return false, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 || !ev.matches() {
		return false, err
	}
	payload, err := ev.payload()
	if err != nil {
		return false, err
	}
	_, err = tx.Stmt(r.outbox).ExecContext(ctx, ev.ID, payload)
	return true, err
}

func (r *sqliteReceiver) unsent(ctx context.Context, limit int) ([]letter, error) {
	rows, err := r.reader.QueryContext(ctx, "SELECT id, event, payload FROM outbox ORDER BY id LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []letter
	for rows.Next() {
		var l letter
		if err := rows.Scan(&l.id, &l.event, &l.payload); err != nil {
			return nil, err
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

func (r *sqliteReceiver) left(ctx context.Context) (n int, err error) {
	err = r.reader.QueryRowContext(ctx, "SELECT count(*) FROM outbox").Scan(&n)
	return n, err
}
