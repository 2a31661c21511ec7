package tests

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/gavel-rules/gavel/cmd/gavel/terminal"
	"github.com/gavel-rules/gavel/ruleset"
)

// The elements of a JUnit report, as build servers read it.
type (
	junitSuites struct {
		XMLName xml.Name     `xml:"testsuites"`
		Suites  []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Error   *junitFailure `xml:"error,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func printJUnit(w io.Writer, suites []ruleset.TestedSuite) error {
	out := junitSuites{}
	for _, s := range suites {
		js := junitSuite{Name: s.File, Cases: []junitCase{}}
		for _, o := range s.Outcomes {
			c := junitCase{Name: o.Name, Class: s.File, Time: fmt.Sprintf("%.3f", o.Took.Seconds())}
			if o.Failed() {
				js.Failures++
				c.Failure = &junitFailure{Message: o.Failures[0].Message}
				var b strings.Builder
				for _, f := range o.Failures {
					fmt.Fprintf(&b, "%s: step %d: %s\n%s", f.Pos, f.Step, f.Message, f.Diff)
				}
				c.Failure.Text = printableLines(b.String())
			}
			js.Cases = append(js.Cases, c)
		}
		if s.Findings.HasErrors() {
			js.Errors++
			js.Cases = append(js.Cases, junitCase{
				Name: "load", Class: s.File, Time: "0", Error: &junitFailure{Message: "the tests cannot be run", Text: printableLines(s.Findings.Error())},
			})
		}
		js.Tests = len(js.Cases)
		out.Suites = append(out.Suites, js)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(out); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

// printableLines makes each line safe and keeps the lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = terminal.Safe(lines[i])
	}
	return strings.Join(lines, "\n")
}
