package live_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/live"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestTell: each way that a reload can end is said, also that nothing changed,
// and that a file with errors is fine again.
func TestTell(t *testing.T) {
	t.Parallel()
	set := func(revision string) *rules.Set {
		return &rules.Set{Revision: revision, Rules: []*rules.Rule{{Name: "a"}}}
	}
	faulty := text.Findings{{Severity: text.SeverityError, Message: "no such field"}}
	var (
		next     = set("one")
		findings text.Findings
		refuse   error
	)
	l := live.New(func() (*rules.Set, text.Findings) { return next, findings }, func(*rules.Set, time.Time) error { return refuse })
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	reload := func(want string) {
		t.Helper()
		out.Reset()
		before := l.Status()
		found, err := l.Reload(context.Background())
		live.Tell(log, before, l.Status(), found, err)
		if !strings.Contains(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("want %q in:\n%s", want, out.String())
		}
	}
	reload(`level=INFO msg="rules reloaded" revision=one`)
	reload(`level=INFO msg="rules read again, nothing changed" revision=one`)
	findings = faulty
	reload(`level=ERROR msg="rules not reloaded, the previous rules stay active" revision=one findings=1 error=`)
	findings = nil
	reload(`level=INFO msg="rules have no errors any more; they are the active ones, nothing changed" revision=one`)
	next, refuse = set("two"), errors.New("the disk is full")
	reload(`level=ERROR msg="rules not reloaded, the previous rules stay active" revision=one error=`)
	refuse = nil
	reload(`level=INFO msg="rules reloaded" revision=two`)
}
