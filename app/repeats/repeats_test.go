package repeats_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gavel-rules/gavel/app/repeats"
)

// logged runs do with a logger and returns its lines.
func logged(t *testing.T, do func(*slog.Logger)) (lines []string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		var out bytes.Buffer
		do(slog.New(repeats.Handler(slog.NewTextHandler(&out, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))))
		lines = strings.Split(strings.TrimSpace(out.String()), "\n")
	})
	return lines
}

func TestSameWarningIsWrittenNowAndThen(t *testing.T) {
	t.Parallel()
	lines := logged(t, func(log *slog.Logger) {
		for range 100 {
			log.Warn("cannot store", "error", errors.New("refused"))
			log.With("part", "index").Warn("cannot store", "error", errors.New("refused"))
			time.Sleep(200 * time.Millisecond)
		}
	})
	want := []string{
		`level=WARN msg="cannot store" error=refused`,
		`level=WARN msg="cannot store" part=index error=refused`,
		`level=WARN msg="cannot store" error=refused repeated=49`,
		`level=WARN msg="cannot store" part=index error=refused repeated=49`,
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s", strings.Join(lines, "\n"))
	}
}

func TestOthersAreAllWritten(t *testing.T) {
	t.Parallel()
	lines := logged(t, func(log *slog.Logger) {
		for i := range 400 {
			log.Info("run ended")
			log.Error("gavel ends")
			log.Warn("run failed", "run_id", fmt.Sprint(i))
		}
	})
	if len(lines) != 1200 {
		t.Errorf("%d lines, want 1200", len(lines))
	}
}
