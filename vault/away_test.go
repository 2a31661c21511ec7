package vault

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/store/sqlite"
)

// TestWhileAway: a start waits for what may pass by itself, for a while, and for
// nothing else.
func TestWhileAway(t *testing.T) {
	t.Parallel()
	passes := fmt.Errorf("%w: the server is starting", event.ErrUnavailable)
	check := func(name string, patience, away time.Duration, cause error, wantErr string, atMost time.Duration) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun, tries := time.Now(), 0
				got, err := WhileAway(t.Context(), patience, slog.New(slog.DiscardHandler), func() (string, error) {
					if tries++; time.Since(begun) < away {
						return "", cause
					}
					return "open", nil
				})
				took := time.Since(begun)
				if took > atMost || tries > 3+int(took/(4*time.Second)+4) {
					t.Errorf("it took %s and %d tries, want at most %s", took, tries, atMost)
				}
				if wantErr == "" && (err != nil || got != "open") || wantErr != "" && (err == nil || !strings.Contains(err.Error(), wantErr)) {
					t.Errorf("got %q, %v", got, err)
				}
			})
		})
	}
	check("there", time.Minute, 0, passes, "", 0)
	check("away for 20 s", time.Minute, 20*time.Second, passes, "", 27*time.Second)
	check("away for good", time.Minute, time.Hour, passes, "--start-timeout", time.Minute)
	check("no patience", 0, time.Hour, passes, "starting", 0)
	check("a wrong password", time.Minute, time.Hour, errors.New("wrong password"), "wrong password", 0)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := WhileAway(ctx, time.Minute, slog.New(slog.DiscardHandler), func() (int, error) { return 0, passes })
		if err == nil || !strings.Contains(err.Error(), "stopped") {
			t.Errorf("after a signal: %v", err)
		}
	})
}

// TestTelling: an opening that takes long says so, and a quick one does not.
func TestTelling(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		for _, takes := range []time.Duration{4 * time.Second, 12 * time.Second} {
			_, err := WhileAway(t.Context(), 0, slog.New(slog.NewTextHandler(&log, nil)), func() (int, error) {
				time.Sleep(takes)
				return 0, nil
			})
			if err != nil {
				t.Error(err)
			}
		}
		if got := log.String(); strings.Count(got, "still opening") != 2 || !strings.Contains(got, "elapsed=5s") || !strings.Contains(got, "elapsed=10s") {
			t.Errorf("said:\n%s", got)
		}
	})
}

// TestFolderNotThere: a disk that is not mounted yet may still come.
func TestFolderNotThere(t *testing.T) {
	t.Parallel()
	_, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "data", "gavel.db"), sqlite.Options{})
	if !errors.Is(err, event.ErrUnavailable) || !strings.Contains(err.Error(), "create it first") {
		t.Errorf("got %v", err)
	}
}

// TestGatherOff: the setting at the end of a database URL is no part of the
// file's name, and what is written with it is read without.
func TestGatherOff(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "gavel.db")
	for _, setting := range []string{"?gather=off", ""} {
		s, err := Open(t.Context(), "sqlite:"+file+setting, Serve)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
}
