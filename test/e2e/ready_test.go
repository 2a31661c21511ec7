package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// readiness is what /-/ready answers.
type readiness struct {
	Code   int
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"`

	Warnings map[string]string `json:"warnings"`
}

func readinessOf(t testing.TB, p *testkit.Process) readiness {
	t.Helper()
	res, err := p.Client.Get(p.Console + "/-/ready")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r := readiness{Code: res.StatusCode}
	if err := json.NewDecoder(res.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}

// notReady waits until a check says what is wrong, with 503, and looks that
// the process still counts as healthy.
func notReady(t testing.TB, p *testkit.Process, check, says string) {
	t.Helper()
	var r readiness
	testkit.Eventually(t, check+" says "+says, func() bool {
		r = readinessOf(t, p)
		return strings.Contains(r.Checks[check], says)
	})
	if r.Ready || r.Code != http.StatusServiceUnavailable {
		t.Errorf("with that, the answer is %+v", r)
	}
	res, err := p.Client.Get(p.Console + "/-/healthy")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("healthy: %d", res.StatusCode)
	}
}

// TestReadinessWhileTheDatabaseHangs has a PostgreSQL that swallows every word.
func TestReadinessWhileTheDatabaseHangs(t *testing.T) {
	t.Parallel()
	between, through := newGap(t, testkit.NewDatabase(t))
	p := testkit.Start(t, testkit.Serve{Database: through})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "before"))
	between.freeze(true)
	notReady(t, p, "store", "the database has not answered for ")
	if r := readinessOf(t, p); r.Checks["workers"] != "" || r.Checks["rules"] != "" {
		t.Errorf("a database that hangs is not all that is told: %+v", r)
	}
	between.freeze(false)
	testkit.Eventually(t, "it is ready when the database answers again", p.Ready)
	testkit.Eventually(t, "events are taken again", func() bool {
		a, err := p.Post(testkit.Sample(t, event.TypeScheduled, "after"))
		return err == nil && a.Code == http.StatusOK
	})
}
