package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestEveryCaseQuickly runs the whole program with tiny loads.
func TestEveryCaseQuickly(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if code := run(t.Context(), []string{"--quick", "--output", "json"}, &out, t.Output()); code != 0 {
		t.Fatalf("code %d", code)
	}
	var reports []*report
	if err := json.Unmarshal(out.Bytes(), &reports); err != nil {
		t.Fatal(err)
	}
	wanted := []string{"intake", "full", "tails", "postgres, intake", "postgres, runs", "waiting", "lists", "latency", "match", "load", "backtest"}
	databases := []string{"SQLite", "PostgreSQL"}
	if os.Getenv(serverVariable) == "" {
		wanted, databases = []string{"intake", "full", "tails", "postgres", "waiting", "lists", "latency", "match", "load", "backtest"}, databases[:1]
	}
	var names []string
	for _, r := range reports {
		names = append(names, r.Case)
		for _, c := range r.Contenders {
			if m := c.Median; m.Accepted == 0 || m.Refused+m.Lost+m.Doubled > 0 || m.Expected > 0 && m.Finished <= 0 {
				t.Errorf("%s: %s: %+v", r.Case, c.Name, m)
			}
		}
		checkTable(t, r, databases)
	}
	if !slices.Equal(names, wanted) {
		t.Errorf("cases %q, want %q", names, wanted)
	}
	if err := writeTables(&out, reports); err != nil || !strings.Contains(out.String(), "waiting to claim with") {
		t.Errorf("the tables lack the claims: %v", err)
	}
}

// checkTable looks for a row of each database, and for figures in all rows.
func checkTable(t *testing.T, r *report, databases []string) {
	t.Helper()
	if r.Table == nil {
		return
	}
	var rows strings.Builder
	for _, line := range r.Table.Rows {
		rows.WriteString(line.Name + "\n")
		mayBeZero := slices.Contains([]string{"latency", "tails", "match"}, r.Case) // matching allocates nothing
		if len(line.Values) != len(r.Table.Columns) || slices.Min(line.Values) < 0 || slices.Max(line.Values) <= 0 || !mayBeZero && slices.Min(line.Values) == 0 {
			t.Errorf("%s: %s: %v", r.Case, line.Name, line.Values)
		}
	}
	for _, name := range databases {
		if !slices.Contains([]string{"tails", "match", "load", "backtest"}, r.Case) && !strings.Contains(rows.String(), name) {
			t.Errorf("%s: no row of %s:\n%s", r.Case, name, rows.String())
		}
	}
}

func TestWithoutPostgres(t *testing.T) {
	t.Setenv(serverVariable, "")
	var out, errOut bytes.Buffer
	code := run(t.Context(), []string{"--quick", "--gavel", "unused", "postgres"}, &out, &errOut)
	if code != 1 || !strings.Contains(errOut.String(), "scripts/with-services go run ./bench") {
		t.Errorf("code %d, %q", code, errOut.String())
	}
}

func TestAims(t *testing.T) {
	t.Parallel()
	r := newReport("c", "l")
	r.aim("speed", 0.4, atLeast(0.4))
	r.aim("size", 101, atMost(100))
	r.note("")
	r.note("by hand")
	var out bytes.Buffer
	if err := writeTables(&out, []*report{r}); err != nil {
		t.Fatal(err)
	}
	want := "speed: 0.40; aim: at least 0.40, met\nsize: 101; aim: at most 100, missed\nNote: by hand.\n"
	if !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %q, want %q at the end", out.String(), want)
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	check := func(v float64, want string) {
		t.Helper()
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	check(0.256, "0.26")
	check(12.34, "12.3")
	check(123.4, "123")
	check(40, "40")
	check(0, "0")
}
