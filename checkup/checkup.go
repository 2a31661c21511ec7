package checkup

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/receiver"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// Level says how bad a finding is.
type Level string

// The levels, the best first.
const (
	OK      Level = "ok"
	Warning Level = "warning" // it works, but not well or not for long
	Problem Level = "problem" // it does not work
)

// Finding is one thing that was checked. It contains no secret.
type Finding struct {
	// Code is stable, such as database-writable.
	Code  string `json:"code"`
	Level Level  `json:"level"`
	// Subject says which one, such as the name of a connection; empty if there
	// is only one.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	Do      string `json:"do,omitempty"` // for warnings and problems
}

// Report is the result of all checks.
type Report struct {
	Well     bool      `json:"well"` // no finding is a problem
	Findings []Finding `json:"findings"`
	// NotChecked says what was left out, and how to have it checked.
	NotChecked []string `json:"not_checked"`
}

// Options say what to check: the settings of "gavel serve".
type Options struct {
	Rules             ruleset.Options
	Database          string
	EncryptionKeyFile string

	Listen, Console string // addresses
	ConsoleTokens   []string
	TLSCert, TLSKey string
	// Connections is how many clients may be connected to the public address.
	Connections int

	Signature receiver.Signature
	Unsigned  bool
	// Placeholder is a secret that is to be replaced.
	Placeholder string
	// Captured is a request of the source; nil if there is none. FlagsOf writes
	// the settings of a signature as flags.
	Captured *Captured
	FlagsOf  func(receiver.Signature) string

	Archive string
	// Backups is the folder of scheduled backups, BackupEvery how often one is
	// made; empty if there are none.
	Backups     string
	BackupEvery time.Duration

	// Limit is how long one check may take; 0 means 10 seconds.
	Limit time.Duration
}

// Captured is one request of the source.
type Captured struct {
	Header http.Header
	Body   []byte
}

// usualLimit is the time limit of one check.
const usualLimit = 10 * time.Second

// checkup is one run of all checks.
type checkup struct {
	Options
	set      *rules.Set // nil if the rules have errors
	findings text.Findings
	notes    []string
	mu       sync.Mutex
}

// check is one check. Its name is the beginning of the codes of its findings.
type check struct {
	name string
	do   func(context.Context) []Finding
}

// Run carries out all checks.
func Run(ctx context.Context, o Options) Report {
	if o.Limit == 0 {
		o.Limit = usualLimit
	}
	c := &checkup{Options: o, notes: []string{}}
	c.set, c.findings = ruleset.Load(o.Rules)
	checks := []check{
		{"secrets", c.secrets}, {"rules", c.rules}, {"tests", c.tests}, {"variables", c.variables}, {"zones", c.zones},
		{"signature", c.signature}, {"database", c.database}, {"disk", c.disk},
		{"addresses", c.addresses}, {"certificate", c.certificate},
		{"limits", c.limits}, {"clock", c.clock}, {"folders", c.folders},
	}
	if c.set != nil {
		for _, name := range c.connections() {
			checks = append(checks, check{"connection", func(ctx context.Context) []Finding { return c.connection(ctx, name) }})
		}
	}
	found := make([][]Finding, len(checks))
	var all sync.WaitGroup
	for i, one := range checks {
		all.Go(func() { found[i] = c.within(ctx, one) })
	}
	all.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	r := Report{Findings: slices.Concat(found...), NotChecked: c.notes}
	slices.Sort(r.NotChecked)
	r.Well = !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == Problem })
	if c.set != nil {
		for i := range r.Findings {
			r.Findings[i].Text = c.set.Redact(r.Findings[i].Text)
		}
	}
	return r
}

// within runs one check, and gives up when it does not end in time.
func (c *checkup) within(ctx context.Context, one check) []Finding {
	ctx, cancel := context.WithTimeout(ctx, c.Limit)
	defer cancel()
	done := make(chan []Finding, 1)
	go func() { done <- one.do(ctx) }() // ends with the process at the latest
	select {
	case found := <-done:
		return found
	case <-ctx.Done():
	}
	select {
	case found := <-done:
		return found
	case <-time.After(c.Limit / 10): // it should have noticed by itself
		return []Finding{problem(one.name+"-timeout", fmt.Sprintf("no result within %s", c.Limit), "run the command again; if it persists, something that it asks hangs")}
	}
}

// notChecked notes what was left out.
func (c *checkup) notChecked(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.notes = append(c.notes, text)
}

func ok(code, text string) Finding { return Finding{Code: code, Level: OK, Text: text} }

func warning(code, text, do string) Finding {
	return Finding{Code: code, Level: Warning, Text: text, Do: do}
}

func problem(code, text, do string) Finding {
	return Finding{Code: code, Level: Problem, Text: text, Do: do}
}

// counted returns a number with its noun.
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
