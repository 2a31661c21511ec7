package sqlite_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// TestErasedIsNotInTheFile looks for a name in the bytes of the file after its
// event was indexed, its part of the index merged, and then erased.
func TestErasedIsNotInTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "gavel.db")
	store := open(t, path, sqlite.Options{Exclusive: true})
	for i := range 70 {
		body, err := sample.Body(event.TypeScheduled, fmt.Sprint("ev-", i), time.Now())
		if err == nil && i == 20 {
			body, err = sample.Set(body, "data.meetingInfo.primaryInviteeName", "Xylophonista Quill")
		}
		if err != nil {
			t.Fatal(err)
		}
		ev, err := decode.Event(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "r1", Now: time.Now()}); err != nil {
			t.Fatal(err)
		}
		if n, err := store.Index(t.Context(), 1); err != nil || n != 1 {
			t.Fatalf("%d events are indexed, %v", n, err)
		}
	}
	name := []byte("xylophonista")
	look := func() bool {
		t.Helper()
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(bytes.ToLower(data), name)
	}
	if !look() {
		t.Fatal("the name is not in the file before it is erased")
	}
	store = open(t, path, sqlite.Options{Exclusive: true})
	if err := store.Erase(t.Context(), "ev-20", []byte(`{"eventId":"ev-20"}`), "erased"); err != nil {
		t.Fatal(err)
	}
	if look() {
		t.Error("the name is still in the file")
	}
}
