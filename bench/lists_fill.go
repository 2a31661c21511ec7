package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/report/facts"
	"github.com/gavel-rules/gavel/store"
)

// listSpan is the time over which the stored events came.
const listSpan = 30 * 24 * time.Hour

// bulk writes rows of events and runs by SQL: the doors of a store would take
// the better part of an hour for a million. Row i of n stands for event i; what
// is rare, frequent, or frequent only among the old ones, is worked out of i.
type bulk struct {
	postgres bool
	// uuids makes ids that lie all over an index, as those of new events do. The
	// plain ones can be asked for. It works for SQLite.
	uuids bool
	n     int
	now   time.Time
}

// id is the SQL that makes an id out of a number.
func (b bulk) id(kind, number string) string {
	if !b.uuids {
		return "'" + kind + "-' || " + number
	}
	salt := len(kind)
	// Multiplied by an odd number, all numbers stay different (modulo 2³²).
	return fmt.Sprintf("printf('%%08x-%%04x-4%%03x-8%%03x-%%012x', (%[1]s) * 2654435761 %% 4294967296, (%[1]s) * 40503 %% 65536, (%[1]s) * 2503 %% 4096, %[2]d, %[1]s)",
		number, salt)
}

// statements returns the SQL that writes everything.
func (b bulk) statements() ([]string, error) {
	id, meeting := b.id("event", "i"), b.id("meeting", "(i % "+fmt.Sprint(b.n/4+1)+")")
	if !b.uuids { // a thousand of a million events are about one meeting
		meeting = "CASE WHEN i % 997 = 0 THEN '" + busyMeeting + "' ELSE " + meeting + " END"
	}
	received := b.received()
	body, err := b.body(id, meeting)
	if err != nil {
		return nil, err
	}
	prefix, series, bytes, truth := "", fmt.Sprintf("(WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < %d) SELECT i FROM c) AS s", b.n),
		"CAST("+body+" AS BLOB)", [2]string{"0", "1"}
	if b.postgres {
		prefix, series, bytes, truth = "gavel_", fmt.Sprintf("generate_series(1, %d) AS s(i)", b.n), "convert_to("+body+", 'UTF8')", [2]string{"false", "true"}
	}
	is := func(condition string) string {
		return "CASE WHEN " + condition + " THEN " + truth[1] + " ELSE " + truth[0] + " END"
	}
	events := "INSERT INTO " + prefix + `events (seq, id, type, meeting, happened, received, last_seen, deliveries, runs, late, revision, body)
		SELECT i, ` + id + ", " + b.eventType() + ", " + meeting + ", " + received + ", " + received + ", " + received + `,
		CASE WHEN i % 499 = 0 THEN 2 ELSE 1 END, CASE WHEN i % 10 = 0 THEN 0 ELSE 1 END, ` + is("i % 997 = 0") + ", 'bench', " + bytes + " FROM " + series
	handover := [2]string{}
	if b.postgres {
		handover = [2]string{", rid, handover", ", i, 0"}
	}
	status := `CASE WHEN i % 100 = 1 THEN 'failed' WHEN i % 40 = 2 THEN 'skipped' WHEN i % 100 = 3 THEN 'canceled' WHEN i % 200 = 4 THEN 'waiting'
		WHEN i < ` + fmt.Sprint(b.n/100) + ` AND i % 2 = 1 THEN 'failed' ELSE 'succeeded' END`
	runs := "INSERT INTO " + prefix + `runs (id, event_seq, event_id, event_type, happened, rule, revision, meeting, shadow, status, held, reason, due,
		next, tries, in_flight, follow, lease_until, created, updated, finished` + handover[0] + `)
		SELECT 'run-' || (1000000000 + i), i, ` + id + ", " + b.eventType() + ", " + received + `,
		CASE WHEN i % 50021 = 7 THEN 'rare-rule' WHEN i < ` + fmt.Sprint(b.n/10) + ` THEN 'old-rule' ELSE 'rule-' || (i % 50) END, 'bench',
		` + meeting + ", " + is("i % 5003 = 0") + ", " + status + ", " + truth[0] + ", '', " + fmt.Sprint(b.now.Add(farOff).UnixMicro()) + ` + i * 1000,
		1, 0, ` + truth[0] + ", " + truth[0] + ", 0, " + received + ", " + received + ", " + received + handover[1] + " FROM " + series
	refused := "INSERT INTO " + prefix + "refusals (reason, source, n, first, last) SELECT 'signature', '192.0.2.1:' || i, i, " +
		fmt.Sprintf("%[1]d, %[1]d FROM %[2]s WHERE i <= %[3]d", b.now.UnixMicro(), series, event.RefusalRows)
	return append([]string{events, runs, refused}, b.issues()...), nil
}

// issues puts the runs that have failed into a thousand issues, and half of them
// into one more.
func (b bulk) issues() []string {
	prefix := ""
	if b.postgres {
		prefix = "gavel_"
	}
	return []string{
		"UPDATE " + prefix + "runs SET issue = CASE WHEN rid / 100 % 2 = 0 THEN '" + bigIssue + "' ELSE 'issue-' || (rid / 200 % 1000 + 1) END, failure = rid WHERE status = 'failed'",
		"INSERT INTO " + prefix + `issues (rule, action, cause, id, connection, first, last, failing, total)
			SELECT min(rule), issue, 'server', issue, 'crm', min(finished), max(finished), count(*), max(failure)
			FROM ` + prefix + "runs WHERE issue IS NOT NULL GROUP BY issue",
		"INSERT INTO " + prefix + "issue_spans (issue, span, n) SELECT issue, finished / 43200000000, count(*) FROM " + prefix + "runs WHERE issue IS NOT NULL AND finished >= " +
			fmt.Sprint(b.now.Add(-14*24*time.Hour).UnixMicro()) + " GROUP BY 1, 2",
	}
}

// body is an event of its type; those about a meeting have the place's names.
func (b bulk) body(id, meeting string) (string, error) {
	of := func(eventType string) (string, error) {
		template, err := sample.Body(eventType, "@ID@", b.now)
		if err != nil {
			return "", err
		}
		ev, err := decode.Event(template)
		if err != nil {
			return "", err
		}
		text := "'" + strings.ReplaceAll(string(template), "'", "''") + "'"
		if _, after, ok := strings.Cut(text, `"eventTimestamp":"`); ok { // with quotes: other times may be the same
			happened, _, _ := strings.Cut(after, `"`)
			text = "replace(" + text + `, '"eventTimestamp":"` + happened + `"', '"eventTimestamp":"' || ` + b.happened() + ` || '"')`
		}
		parts := []struct{ text, by string }{{"@ID@", id}, {ev.Change.ModifiedBy.Username, b.owner()}}
		if ev.HasMeeting() {
			parts = []struct{ text, by string }{
				{"@ID@", id}, {eventType, b.eventType()}, {ev.Meeting.ID, meeting},
				{ev.Meeting.Owner.Username, b.owner()}, {ev.Meeting.Info.PrimaryInviteeName, b.name()},
			}
		}
		for _, part := range parts {
			text = "replace(" + text + ", '" + part.text + "', " + part.by + ")"
		}
		return text, nil
	}
	setting, first := of(event.TypeSettingChanged)
	profile, second := of(event.TypeProfileChanged)
	scheduled, third := of(event.TypeScheduled)
	return fmt.Sprintf("CASE WHEN %s THEN %s WHEN %s THEN %s ELSE %s END", b.setting(), setting, b.profile(), profile, scheduled), errors.Join(first, second, third)
}

// received is when an event came, in microseconds; it happened then. They are
// whole milliseconds, as in bodies.
func (b bulk) received() string {
	step := max(1, listSpan.Milliseconds()/int64(b.n)) * 1000
	return fmt.Sprintf("(%d + CAST(i AS bigint) * %d)", b.now.Add(-listSpan).UnixMilli()*1000, step)
}

// happened is received as a text.
func (b bulk) happened() string {
	if b.postgres {
		return `to_char(to_timestamp(` + b.received() + ` / 1000000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
	}
	return "strftime('%Y-%m-%dT%H:%M:%fZ', " + b.received() + " / 1000000.0, 'unixepoch')"
}

func (b bulk) setting() string { return "i % 1009 = 0" }
func (b bulk) profile() string { return fmt.Sprintf("i < %d AND i %% 3 = 0", b.n/10) }

// eventType is frequent, less so, rare, or frequent among the old alone.
func (b bulk) eventType() string {
	return fmt.Sprintf("CASE WHEN %s THEN '%s' WHEN %s THEN '%s' WHEN i %% 5 < 3 THEN '%s' WHEN i %% 5 = 3 THEN '%s' ELSE '%s' END",
		b.setting(), event.TypeSettingChanged, b.profile(), event.TypeProfileChanged, event.TypeScheduled, event.TypeRescheduled, event.TypeCanceled)
}

func (b bulk) owner() string {
	return fmt.Sprintf("CASE WHEN i IN (%d, %d) THEN 'rarely@acme.example' WHEN i < %d THEN 'formerly@acme.example' ELSE 'owner' || (i %% 50) || '@acme.example' END",
		b.n/4, b.n/2, b.n/10)
}

func (b bulk) name() string {
	return fmt.Sprintf("CASE WHEN i IN (%d, %d) THEN 'Zebulon Quill' WHEN i < %d AND i %% 2 = 0 THEN 'Oldtimer Smith' ELSE 'Guest' || (i %% 997) || ' Family' || (i %% 7919) END",
		b.n/3, b.n/2, b.n/10)
}

// fillLists fills a database that a store has just made.
func (b *bench) fillLists(ctx context.Context, place waitingPlace, url string, with bulk) error {
	if err := b.withStore(ctx, place, url, func(s store.Store) error {
		sources, err := json.Marshal([]map[string]any{{"name": "rules.yaml", "content": []byte(listRules())}})
		if err != nil {
			return fmt.Errorf("encode the rules: %w", err)
		}
		return s.SaveRevision(ctx, "bench", sources, time.Now().Add(-listSpan))
	}); err != nil {
		return err
	}
	_, isFile := strings.CutPrefix(url, "sqlite:")
	with.postgres, with.n, with.now = !isFile, b.stored, time.Now()
	statements, err := with.statements()
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if err := execute(ctx, url, statement); err != nil {
			return err
		}
	}
	b.say("%s: indexing words", place.name)
	err = b.withStore(ctx, place, url, func(s store.Store) error {
		for {
			if n, err := s.Index(ctx, 5000); err != nil || n == 0 {
				return err
			}
		}
	})
	if err != nil {
		return err
	}
	b.say("%s: counting events for reports", place.name)
	if err := b.withStore(ctx, place, url, func(s store.Store) error { return keepFacts(ctx, s) }); err != nil {
		return err
	}
	return place.settle(ctx, url)
}

// keepFacts makes the facts of all events, as a server does in the background. Its
// clock does not wait for events that could still appear.
func keepFacts(ctx context.Context, s store.Store) error {
	now := time.Now()
	keeper := facts.NewKeeper(s, slog.New(slog.DiscardHandler), func() time.Time {
		now = now.Add(time.Hour)
		return now
	})
	for n := 0; n < 2; n++ {
		for more := true; more; {
			var err error
			if more, err = keeper.Step(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) withStore(ctx context.Context, place waitingPlace, url string, do func(store.Store) error) error {
	s, err := place.open(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(do(s), s.Close())
}

// setAll gives all runs one state. Every fifth of those that wait is held by the
// pause of a connection.
func (b *bench) setAll(ctx context.Context, place waitingPlace, url string, status event.Status) error {
	_, isFile := strings.CutPrefix(url, "sqlite:")
	with := bulk{postgres: !isFile, n: b.stored, now: time.Now()}
	prefix, held := "", "rid % 5 = 0"
	if with.postgres {
		prefix = "gavel_"
	}
	change := func(set string) string {
		return "UPDATE " + prefix + "runs SET status = '" + string(status) + "', " + set
	}
	statements := []string{"DELETE FROM " + prefix + "issues", "DELETE FROM " + prefix + "issue_spans"}
	if status.Done() {
		statements = append(append(statements, change("finished = created")), with.issues()...)
	} else {
		statements = append(statements,
			change("finished = 0, issue = NULL, failure = 0, held = "+held+", paused_by = CASE WHEN "+held+" THEN '"+heldBy+"' END"),
			fmt.Sprintf("INSERT INTO %spauses (key, since, ends, reason, author) VALUES ('%s', %d, 0, 'maintenance', 'bench')", prefix, heldBy, with.now.UnixMicro()))
	}
	for _, statement := range statements {
		if err := execute(ctx, url, statement); err != nil {
			return err
		}
	}
	// A store checks a file that another program has written, which takes longer
	// than the start of a server may.
	if err := b.withStore(ctx, place, url, func(store.Store) error { return nil }); err != nil {
		return err
	}
	return place.settle(ctx, url)
}

func execute(ctx context.Context, url, text string) (err error) {
	if path, isFile := strings.CutPrefix(url, "sqlite:"); isFile {
		err = executeSQLite(ctx, path, text)
	} else {
		err = administer(ctx, url, text)
	}
	if err != nil {
		return fmt.Errorf("write rows: %w", err)
	}
	return nil
}

func executeSQLite(ctx context.Context, path, text string) error {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	// Nothing of it has to outlive a power cut.
	_, err = db.ExecContext(ctx, "PRAGMA synchronous = OFF; PRAGMA cache_size = -300000; "+text)
	return errors.Join(err, db.Close())
}
