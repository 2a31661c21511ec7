package format_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/format"
	"github.com/gavel-rules/gavel/rules/text"
)

// formats checks the canonical form of a text, and that it stays as it is.
func formats(t *testing.T, in, want string) {
	t.Helper()
	got, findings := format.Format(text.Source{Name: "rules.yaml", Content: []byte(in)})
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	again, findings := format.Format(text.Source{Name: "rules.yaml", Content: got})
	if diff := cmp.Diff(string(got), string(again)); diff != "" || len(findings) > 0 {
		t.Errorf("a second time it changes again: %v\n%s", findings, diff)
	}
}

func TestFormatKeysIndentsAndQuotes(t *testing.T) {
	t.Parallel()
	formats(t, `
rules:
    -   actions:

            -   retry: false
                log: {message: 'hi, it''s me', level: "info"}
                when: true
                id: first
        # why it is there
        when: 'meeting.isCanceled'
        event:   [ a.b,"c" ] # two of them
        name: one
    # about the second
    - {name: two, event: "*", actions: [{log: {message: hi}}]}
vars: {home: acme.example}
connections:
    crm:
        base_url: "https://crm.example"
        kind: http
`, `connections:
  crm:
    kind: http
    base_url: "https://crm.example"

vars: { home: acme.example }

rules:
  - name: one
    event: [a.b, "c"]        # two of them
    # why it is there
    when: "meeting.isCanceled"
    actions:
      - id: first
        when: true
        log: { message: "hi, it's me", level: "info" }
        retry: false

  # about the second
  - { name: two, event: "*", actions: [{ log: { message: hi } }] }
`)
}

func TestFormatKeepsLinesOfBlockTexts(t *testing.T) {
	t.Parallel()
	formats(t, `rules:
- name: a
  event: "*"
  actions:
  - log:
      message: >-
         # Hello
         ${{ meeting.id }},

         and    goodbye
      fields:
        html: |
          <p>
            # x
          </p>
        keep: >+
          a
          b

`, `rules:
  - name: a
    event: "*"
    actions:
      - log:
          message: >-
            # Hello
            ${{ meeting.id }},

            and    goodbye
          fields:
            html: |
              <p>
                # x
              </p>
            keep: |+
              a b

`)
}

func TestFormatKeepsColumnsOfComments(t *testing.T) {
	t.Parallel()
	formats(t, `vars:
  a: 1                # one
  long_name: "two"    # two
  # above
  b: 3 # three
# the end
`, `vars:
  a: 1                # one
  long_name: "two"    # two
  # above
  b: 3 # three
# the end
`)
}

func TestFormatOpensLongFlows(t *testing.T) {
	t.Parallel()
	formats(t, `rules: [ { name: a, event: "*",
  actions: [ { log: { message: hi } } ] } ]
`, `rules:
  - name: a
    event: "*"
    actions: [{ log: { message: hi } }]
`)
}

func TestFormatKeepsReferencesInFront(t *testing.T) {
	t.Parallel()
	formats(t, `x-log: &log { log: { message: "{hi}", level: info } }
rules:
  - actions: &all [ *log ]
    name: a
    event: "*"
  - { <<: { event: "*" }, name: b, actions: *all }
`, `x-log: &log { log: { message: "{hi}", level: info } }

rules:
  - actions: &all [*log]
    name: a
    event: "*"

  - { <<: { event: "*" }, name: b, actions: *all }
`)
}

func TestFormatOnlyComments(t *testing.T) {
	t.Parallel()
	formats(t, "# later\n", "# later\n")
}

// TestFormatKeepsRules formats every rules file there is and loads both: the
// rules must be the same, and so must every finding.
func TestFormatKeepsRules(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"../../rules.example.yaml", "../testdata/findings/*.yaml", "../../ruleset/testdata/schema/good/*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: no files: %v", pattern, err)
		}
		files = append(files, found...)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out, findings := format.Format(text.Source{Name: name, Content: content})
		if len(findings) > 0 {
			if !strings.Contains(name, "findings") { // those may be beyond form
				t.Errorf("%s: %v", name, findings)
			}
			continue
		}
		if strings.HasSuffix(name, "rules.example.yaml") && string(out) != string(content) {
			t.Errorf("%s is not in canonical form: run gavel fmt -w", name)
		}
		if diff := cmp.Diff(messages(name, content), messages(name, out)); diff != "" {
			t.Errorf("%s: formatted, it loads to something else:\n%s", name, diff)
		}
	}
}

// messages are the findings of a load without their places.
func messages(name string, content []byte) map[string]int {
	_, findings := rules.Load([]text.Source{{Name: name, Content: content}}, rules.Options{})
	out := map[string]int{}
	for _, f := range findings {
		text, _, _ := strings.Cut(f.Message, " on line ")
		text, _, _ = strings.Cut(text, " at "+name)
		out[text]++
	}
	return out
}

func TestFormatRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"rules: [", "a: 1\n---\nb: 2\n", "\xff", "a\x00"} {
		if _, findings := format.Format(text.Source{Name: "rules.yaml", Content: []byte(in)}); !findings.HasErrors() {
			t.Errorf("%q: no finding", in)
		}
	}
}

// FuzzFormat: whatever comes in, what comes out is stable.
func FuzzFormat(f *testing.F) {
	for _, name := range []string{"../../rules.example.yaml", "../testdata/findings/shape.yaml", "../../ruleset/testdata/schema/good/all.yaml"} {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte("a: >-\n  x\n  # y\nb: {c: 'd}', e: [\"]\"]} # f\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		out, findings := format.Format(text.Source{Name: "x", Content: in})
		if findings.HasErrors() {
			return
		}
		again, findings := format.Format(text.Source{Name: "x", Content: out})
		if string(out) != string(again) || findings.HasErrors() {
			t.Errorf("not stable: %v\n%q\n%q\n%q", findings, in, out, again)
		}
	})
}

// Comments that the YAML parser drops, directives and times in brackets stay.
func TestFormatKeepsEverything(t *testing.T) {
	t.Parallel()
	in := `%YAML 1.2
---
# top
rules: # behind rules
  - name: r # n
    event: "*"
    actions: [ # asked for by legal
      { log: { message: hi } }, # behind
      # between
      { log: { # deep
        message: "a # no comment" } }
    ]
  - { name: q, event: "*", # inner
      actions: [] }
  - name: t
    event: "*"
    actions:
      - log: { message: 'it''s # none', level: info } # end
      - log:
          message: | # header
            text # no comment
            # none either
`
	want := `%YAML 1.2
---
# top
rules: # behind rules
  - name: r # n
    event: "*"
    actions:
      # asked for by legal
      - { log: { message: hi } } # behind
      # between
      - log:
          # deep
          message: "a # no comment"

  - name: q
    event: "*"             # inner
    actions: []

  - name: t
    event: "*"
    actions:
      - log: { message: "it's # none", level: info }  # end
      - log:
          message: | # header
            text # no comment
            # none either
`
	out, findings := format.Format(text.Source{Name: "rules.yaml", Content: []byte(in)})
	if findings.HasErrors() {
		t.Fatal(findings)
	}
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Errorf("formatted (-want +got):\n%s", diff)
	}
	times := "tests:\n  - set: { meeting.meetingStart: 2026-03-04T10:00:00Z }\n\n  - set: { a: 1 }\n"
	out, findings = format.Format(text.Source{Name: "rules_test.yaml", Content: []byte(times)})
	if want := strings.Replace(times, "2026-03-04T10:00:00Z", `"2026-03-04T10:00:00Z"`, 1); string(out) != want || findings.HasErrors() {
		t.Errorf("got %s%v, want %s", out, findings, want)
	}
}
