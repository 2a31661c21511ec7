package app_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/ruleset"
	"github.com/gavel-rules/gavel/vault"
)

// steps is a log that does something when a message comes.
type steps struct {
	slog.Handler
	mu sync.Mutex
	on map[string]func() // by the beginning of the message; each once
}

func (s *steps) Handle(_ context.Context, r slog.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for begin, do := range s.on {
		if strings.HasPrefix(r.Message, begin) {
			delete(s.on, begin)
			do()
		}
	}
	return nil
}

func (s *steps) Enabled(context.Context, slog.Level) bool { return true }
func (s *steps) WithAttrs([]slog.Attr) slog.Handler       { return s }
func (s *steps) WithGroup(string) slog.Handler            { return s }

// TestADatabaseThatGoesAwayDuringTheStart unmounts the folder of the database
// after it was opened and before the rules are stored in it.
func TestADatabaseThatGoesAwayDuringTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mounted, away := filepath.Join(dir, "data"), filepath.Join(dir, "away")
	move := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Error(err)
		}
	}
	if err := os.Mkdir(mounted, 0o700); err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte("rules: [{ name: say, event: \"*\", actions: [{ log: { message: hi } }] }]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	database := "sqlite:" + filepath.Join(mounted, "gavel.db")
	oldEvent(t, database) // which the start tells of, between its steps

	start := func(patience time.Duration) (returned bool, err error) {
		log := &steps{on: map[string]func(){
			"no event stored in the last day": func() { move(mounted, away) },
			"the database is not available":   func() { move(away, mounted); returned = true },
		}}
		a, err := app.New(t.Context(), app.Options{
			Rules: ruleset.Options{Paths: []string{rules}}, Database: database, StartTimeout: patience,
			Listen: "127.0.0.1:0", Console: "127.0.0.1:0", Logger: slog.New(log),
			Receiver: receiver.Options{Signature: receiver.Signature{Secrets: []receiver.Secret{{Value: testkit.Secret}}}},
		})
		if err == nil {
			err = a.Stop()
		}
		return returned, err
	}
	if returned, err := start(time.Minute); !returned || err != nil {
		t.Errorf("the database came back: tried again %v, %v", returned, err)
	}
	if returned, err := start(0); returned || err == nil || !strings.Contains(err.Error(), "was removed") {
		t.Errorf("without patience: tried again %v, %v", returned, err)
	}
}

// oldEvent makes a database whose newest event is two days old.
func oldEvent(t *testing.T, database string) {
	t.Helper()
	store, err := vault.OpenSealed(t.Context(), database, "", vault.Serve)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-48 * time.Hour)
	body, err := sample.Body(event.TypeWebhookTest, "old", at)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		t.Fatal(err)
	}
	ev.Received = at
	if _, err := store.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "r1", Now: at}); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}
