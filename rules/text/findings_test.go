package text_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/privacy"
	"github.com/gavel-rules/gavel/rules/text"
)

func at(line, column int) text.Position {
	return text.Position{File: "r.yaml", Line: line, Column: column}
}

// TestFindingsAreShownWithACaret: the caret stands below what is wrong, whatever
// stands before it.
func TestFindingsAreShownWithACaret(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 59) + "Y" + strings.Repeat("z", 60)
	for name, c := range map[string]struct {
		f    text.Finding
		want string
	}{
		"no place":    {text.Finding{Pos: text.Position{File: "r.yaml"}, Message: "m", Source: "s"}, "r.yaml: m\n"},
		"no column":   {text.Finding{Pos: at(2, 0), Message: "m", Source: "s"}, "r.yaml:2: m\n"},
		"no source":   {text.Finding{Pos: at(2, 1), Message: "m"}, "r.yaml:2:1: m\n"},
		"one":         {text.Finding{Pos: at(1, 3), Message: "m", Source: "abcde"}, "r.yaml:1:3: m\n  abcde\n    ^\n"},
		"first":       {text.Finding{Pos: at(1, 1), Message: "m", Source: "abcde"}, "r.yaml:1:1: m\n  abcde\n  ^\n"},
		"wide":        {text.Finding{Pos: at(1, 2), EndColumn: 5, Message: "m", Source: "abcde"}, "r.yaml:1:2: m\n  abcde\n   ^^^\n"},
		"to the end":  {text.Finding{Pos: at(1, 2), EndColumn: 6, Message: "m", Source: "abcde"}, "r.yaml:1:2: m\n  abcde\n   ^^^^\n"},
		"too wide":    {text.Finding{Pos: at(1, 4), EndColumn: 60, Message: "m", Source: "abcde"}, "r.yaml:1:4: m\n  abcde\n     ^^\n"},
		"behind":      {text.Finding{Pos: at(1, 6), Message: "m", Source: "abcde"}, "r.yaml:1:6: m\n  abcde\n       ^\n"},
		"far behind":  {text.Finding{Pos: at(1, 60), Message: "m", Source: "abcde"}, "r.yaml:1:60: m\n  abcde\n       ^\n"},
		"tabs":        {text.Finding{Pos: at(1, 4), Message: "m", Source: "a\tbc"}, "r.yaml:1:4: m\n  a\tbc\n   \t ^\n"},
		"wide chars":  {text.Finding{Pos: at(1, 3), EndColumn: 4, Message: "m", Source: "日本語"}, "r.yaml:1:3: m\n  日本語\n      ^^\n"},
		"control":     {text.Finding{Pos: at(1, 1), Message: "m\x1b[2J\u0080\x7f", Source: "a\x1bb\u009f\u00a0"}, "r.yaml:1:1: m·[2J··\n  a·b·\u00a0\n  ^\n"},
		"fits":        {text.Finding{Pos: at(1, 60), Message: "m", Source: long}, "r.yaml:1:60: m\n  " + long + "\n  " + strings.Repeat(" ", 59) + "^\n"},
		"long, begin": {text.Finding{Pos: at(1, 60), Message: "m", Source: long + "!"}, "r.yaml:1:60: m\n  " + long[:119] + "…\n  " + strings.Repeat(" ", 59) + "^\n"},
		"long, end": {
			text.Finding{Pos: at(1, 122), Message: "m", Source: long + "!"},
			"r.yaml:1:122: m\n  …" + long[2:] + "!\n  " + strings.Repeat(" ", 120) + "^\n",
		},
		"long, last part": {
			text.Finding{Pos: at(1, 181), Message: "m", Source: long + long},
			"r.yaml:1:181: m\n  …" + (long + long)[121:] + "\n  " + strings.Repeat(" ", 60) + "^\n",
		},
		"long, both": {
			text.Finding{Pos: at(1, 180), Message: "m", Source: long + long + long},
			"r.yaml:1:180: m\n  …" + (long + long)[120:238] + "…\n  " + strings.Repeat(" ", 60) + "^\n",
		},
	} {
		if diff := cmp.Diff(c.want, c.f.Text()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestFindingOnOneLine(t *testing.T) {
	t.Parallel()
	f := text.Finding{Severity: text.SeverityWarning, Pos: at(3, 4), Rule: "a \"b\"", Message: "is odd", Hint: "change it"}
	if got, want := f.String(), `r.yaml:3:4: warning: rule "a \"b\"": is odd; change it`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	f = text.Finding{Severity: text.SeverityError, Pos: at(3, 4), Message: "is odd"}
	if got, want := f.String(), `r.yaml:3:4: is odd`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFindingsOfALoad: they are in the order of the file, each once, and only
// errors stop a load.
func TestFindingsOfALoad(t *testing.T) {
	t.Parallel()
	var c text.Collector
	add := func(f ...text.Finding) bool {
		return c.Sound(func() {
			for _, x := range f {
				c.Add(x)
			}
		})
	}
	if !add() || c.Findings.Err() != nil || c.Findings.HasErrors() || c.Findings.Error() != "" {
		t.Errorf("no findings: %v", c.Findings)
	}
	if !add(text.Finding{Severity: text.SeverityWarning, Pos: at(9, 1), Message: "w"}) || c.Findings.Err() != nil || c.Findings.HasErrors() {
		t.Errorf("a warning stops the load: %v", c.Findings.Err())
	}
	if add(
		text.Finding{Pos: at(2, 3), Message: "b"}, text.Finding{Pos: at(2, 3), Message: "a"}, text.Finding{Pos: at(2, 3), Message: "b", Hint: "again"},
		text.Finding{Pos: at(2, 1), Message: "b"}, text.Finding{Pos: at(1, 9), Message: "b"},
		text.Finding{Pos: text.Position{File: "a.yaml", Line: 5, Column: 5}, Message: "b"}, text.Finding{Pos: at(2, 4), Message: "b"},
	) {
		t.Error("a step with errors is sound")
	}
	if c.Sound(c.Suppress) || len(c.Findings) != 8 {
		t.Errorf("an error that is reported elsewhere is none, or reported: %d findings", len(c.Findings))
	}
	if !add() {
		t.Error("a step without errors after others is not sound")
	}
	var several text.Findings
	if err := c.Findings.Err(); !errors.As(err, &several) {
		t.Errorf("the error is %v", err)
	}
	want := "a.yaml:5:5: b\nr.yaml:1:9: b\nr.yaml:2:1: b\nr.yaml:2:3: a\nr.yaml:2:3: b\nr.yaml:2:4: b\nr.yaml:9:1: warning: w"
	if diff := cmp.Diff(want, c.Findings.Sorted().Error()); diff != "" {
		t.Errorf("sorted (-want +got):\n%s", diff)
	}
	if c.Findings[0].Message != "w" {
		t.Error("sorting changed the findings themselves")
	}
	var b strings.Builder
	if err := c.Findings[:2].Text(&b); err != nil || b.String() != "r.yaml:9:1: warning: w\nr.yaml:2:3: b\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
	if err := c.Findings.Text(refusing{}); err == nil || !strings.HasPrefix(err.Error(), "write findings: ") {
		t.Errorf("a writer that refuses: %v", err)
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errors.New("no") }

// TestFindingsHideSecrets: a value of the environment may stand in any part, and
// the caret would tell its length.
func TestFindingsHideSecrets(t *testing.T) {
	t.Parallel()
	var secrets privacy.Secrets
	secrets.Add("hunter2-hunter2")
	f := text.Findings{
		{Pos: at(1, 1), EndColumn: 16, Message: "hunter2-hunter2 is odd", Hint: "not hunter2-hunter2", Source: "hunter2-hunter2"},
		{Pos: at(1, 1), EndColumn: 4, Message: "is odd", Hint: "no", Source: "abc"},
	}
	shown := f.Shown(secrets.Gate())
	if all := shown[0].Message + shown[0].Hint + shown[0].Source; strings.Contains(all, "hunter2") || strings.Count(all, privacy.Redacted) != 3 || shown[0].EndColumn != 0 {
		t.Errorf("shown: %+v", shown[0])
	}
	if shown[1].EndColumn != 4 || shown[1].Source != "abc" || shown[1].Message != "is odd" || shown[1].Hint != "no" {
		t.Errorf("nothing to hide: %+v", shown[1])
	}
}
