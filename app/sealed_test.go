package app

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/seal"
	"github.com/gavel-rules/gavel/store/storetest"
)

// TestSealedStore holds the sealed store to the contract of any other.
func TestSealedStore(t *testing.T) {
	t.Parallel()
	keys, err := seal.Parse(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) storetest.Database {
		path := "sqlite:" + filepath.Join(t.TempDir(), "gavel.db")
		return func(t *testing.T) storetest.Store { return sealedStore{openTest(t, path), keys} }
	})
}

func openTest(t *testing.T, url string) Store {
	t.Helper()
	if f, err := os.OpenFile(strings.TrimPrefix(url, "sqlite:"), os.O_CREATE, 0o600); err == nil {
		f.Close()
	}
	s, err := OpenStore(t.Context(), url, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSealedBytes looks into the file itself.
func TestSealedBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	database, keyFile := "sqlite:"+filepath.Join(dir, "gavel.db"), filepath.Join(dir, "key")
	if err := os.WriteFile(keyFile, []byte(strings.Repeat("cd", 32)), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSealedStore(t.Context(), database, keyFile, true)
	if err != nil {
		t.Fatal(err)
	}
	body, err := event.Sample(event.TypeScheduled, "evt", time.Unix(1_800_000_000, 0))
	if err != nil {
		t.Fatal(err)
	}
	ev, err := event.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accept(t.Context(), event.Acceptance{Event: ev, Revision: "r", Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Event(t.Context(), "evt"); err != nil || !bytes.Equal(got.Event.Body, body) || got.Event.Meeting.Info.PrimaryInvitee != "invitee@globex.example" {
		t.Errorf("with the key: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "gavel.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("globex.example")) {
			t.Errorf("%s tells who was invited", filepath.Base(file))
		}
	}
	if _, err := OpenSealedStore(t.Context(), database, "", false); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("without the key: %v", err)
	}
}
