package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gavel-rules/gavel/app"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/ruleset"
)

// TestEventsTail watches events come, at a server and in its database, and ends
// as with Ctrl-C.
func TestEventsTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rules, database := filepath.Join(dir, "rules.yaml"), "sqlite:"+filepath.Join(dir, "gavel.db")
	if err := os.WriteFile(rules, []byte("rules: [ { name: one, event: 'scheduling.*', actions: [ { log: { message: hi } } ] } ]"), 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := app.New(t.Context(), app.Options{
		Rules: ruleset.Options{Paths: []string{rules}}, Database: database, Listen: "127.0.0.1:0", Console: "127.0.0.1:0", Version: "test",
		Receiver: receiver.Options{Signature: receiver.Signature{Secrets: []receiver.Secret{{Value: testkit.Secret}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		if err := a.Stop(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	places := [][]string{
		{"--server", "http://" + a.ConsoleAddr()}, {"--server", "http://" + a.ConsoleAddr(), "--output", "json"}, {"--database", database},
	}
	screens := make([]testkit.Screen, len(places))
	codes := make([]int, len(places))
	var watching sync.WaitGroup
	for i, where := range places {
		watching.Go(func() {
			codes[i] = run(ctx, append([]string{"events", "tail", "--type", "scheduling.*"}, where...), nil, &screens[i], &screens[i])
		})
	}
	defer func() {
		for i := range screens {
			if t.Failed() {
				t.Logf("%v shows %q", places[i], screens[i].String())
			}
		}
	}()
	// Nothing tells when they have begun, so there is always one more event.
	sent := 0
	testkit.Eventually(t, "every tail shows an event", func() bool {
		sent++
		for _, kind := range []string{event.TypeWebhookTest, event.TypeScheduled} {
			body := testkit.Sample(t, kind, kind+"-"+strconv.Itoa(sent))
			if _, err := testkit.Post(t, http.DefaultClient, "http://"+a.Addr(), testkit.Secret, body); err != nil {
				t.Fatal(err)
			}
		}
		for i := range screens {
			if !strings.Contains(screens[i].String(), event.TypeScheduled+"-") {
				return false
			}
		}
		return true
	})
	interrupt()
	watching.Wait()
	for i := range places {
		text := screens[i].String()
		if codes[i] != exitOK || strings.Contains(text, event.TypeWebhookTest) || strings.Contains(text, "gavel:") {
			t.Errorf("%v ends with %d and shows %s", places[i], codes[i], text)
		}
	}
	if text := screens[1].String(); !strings.HasPrefix(text, `{"event_id":"`+event.TypeScheduled) {
		t.Errorf("as JSON it shows %s", text)
	}
	// A server that goes is an error.
	var end testkit.Screen
	code := make(chan int, 1)
	go func() { code <- run(t.Context(), append([]string{"events", "tail"}, places[0]...), nil, &end, &end) }()
	testkit.Eventually(t, "the tail shows an event", func() bool {
		sent++
		if _, err := testkit.Post(t, http.DefaultClient, "http://"+a.Addr(), testkit.Secret, testkit.Sample(t, event.TypeScheduled, "last-"+strconv.Itoa(sent))); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(end.String(), "last-")
	})
	stop()
	if got := <-code; got != exitFailed || !strings.Contains(end.String(), "the server closed the connection") {
		t.Errorf("when the server goes it ends with %d and shows %s", got, end.String())
	}
}
