package text

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/privacy"
)

// Severity says whether a finding stops the load.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is a mistake, or a likely one, in a rules file.
type Finding struct {
	Severity Severity `json:"severity"`
	Pos      Position `json:"position"`
	// EndColumn is the column after the last character concerned, on the same
	// line; 0 when only the start is known.
	EndColumn int    `json:"end_column,omitempty"`
	Rule      string `json:"rule,omitempty"`
	Message   string `json:"message"`          // what is wrong
	Hint      string `json:"hint,omitempty"`   // what to do
	Source    string `json:"source,omitempty"` // the line in the file
	// Variable is the missing environment variable, if that is the mistake.
	Variable string `json:"-"`
}

// String returns the finding on one line, without the source.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Pos.String())
	b.WriteString(": ")
	if f.Severity == SeverityWarning {
		b.WriteString("warning: ")
	}
	if f.Rule != "" {
		b.WriteString("rule " + Quote(f.Rule) + ": ")
	}
	b.WriteString(f.Message)
	if f.Hint != "" {
		b.WriteString("; " + f.Hint)
	}
	return b.String()
}

// Findings are all findings of one load, in the order of the files.
type Findings []Finding

// HasErrors reports whether one of them stops the load.
func (f Findings) HasErrors() bool {
	return slices.ContainsFunc(f, func(x Finding) bool { return x.Severity == SeverityError })
}

// Error lists the findings, one per line, so that Findings can be returned as
// an error.
func (f Findings) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = x.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns the findings as an error if one of them is an error, else nil.
func (f Findings) Err() error {
	if f.HasErrors() {
		return f
	}
	return nil
}

// Sorted returns the findings by position, without duplicates.
func (f Findings) Sorted() Findings {
	out := slices.Clone(f)
	slices.SortStableFunc(out, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Message, b.Message),
		)
	})
	return slices.CompactFunc(out, func(a, b Finding) bool {
		return a.Pos == b.Pos && a.Message == b.Message
	})
}

// Shown returns the findings with secrets hidden: a value of the environment in
// the wrong place may be a secret.
func (f Findings) Shown(gate *privacy.Gate) Findings {
	for i := range f {
		x := &f[i]
		x.Message, x.Hint = gate.Text(x.Message), gate.Text(x.Hint)
		if source := gate.Text(x.Source); source != x.Source {
			x.Source, x.EndColumn = source, 0
		}
	}
	return f
}

// Collector gathers the findings of one load.
type Collector struct {
	Findings Findings
	count    int // of errors
}

func (c *Collector) Add(f Finding) {
	if f.Severity == "" {
		f.Severity = SeverityError
	}
	if f.Severity == SeverityError {
		c.count++
	}
	c.Findings = append(c.Findings, f)
}

// Suppress counts an error that another finding has reported already.
func (c *Collector) Suppress() { c.count++ }

// Sound takes a step of the load and reports whether no error was found in it,
// reported or suppressed.
func (c *Collector) Sound(step func()) bool {
	before := c.count
	step()
	return c.count == before
}
