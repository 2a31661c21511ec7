package checkup

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

// rules says whether the rules can be loaded.
func (c *checkup) rules(context.Context) []Finding {
	if c.findings.HasErrors() {
		var first string
		errors := 0
		for _, f := range c.findings.Sorted() {
			if f.Severity == text.SeverityError {
				if errors++; errors == 1 {
					first = f.String()
				}
			}
		}
		return []Finding{problem("rules", counted(errors, "error", "errors")+" in the rules; the first: "+first,
			"gavel check "+strings.Join(c.Rules.Paths, " ")+" shows all of them")}
	}
	found := []Finding{ok("rules", fmt.Sprintf("%s and %s, no errors",
		counted(len(c.set.Rules), "rule", "rules"), counted(len(c.set.Connections), "connection", "connections")))}
	if n := len(c.findings); n > 0 {
		found = append(found, warning("rules-warnings", counted(n, "warning", "warnings")+"; the first: "+c.findings.Sorted()[0].String(),
			"gavel check "+strings.Join(c.Rules.Paths, " ")+" shows all of them"))
	}
	return found
}

// tests runs the users' tests of the rules.
func (c *checkup) tests(ctx context.Context) []Finding {
	var dirs []string
	for _, path := range c.Rules.Paths {
		if strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml") {
			path = filepath.Dir(path)
		}
		dirs = append(dirs, path)
	}
	slices.Sort(dirs)
	files, err := ruleset.FindSuites(slices.Compact(dirs))
	if err != nil || len(files) == 0 {
		c.notChecked("tests of the rules: there is no *_test.yaml beside them")
		return nil
	}
	tests, failed, first := 0, 0, ""
	fail := func(text string) {
		if failed++; failed == 1 {
			first = text
		}
	}
	for _, file := range files {
		suite := ruleset.TestSuite(ctx, file, nil, rehearse.SuiteOptions{})
		if suite.Findings.HasErrors() {
			fail(file + " cannot be run")
		}
		for _, o := range suite.Outcomes {
			if tests++; o.Failed() {
				fail(o.Name)
			}
		}
	}
	if failed > 0 {
		return []Finding{warning("tests", fmt.Sprintf("%d of %s failed; the first: %s", failed, counted(tests, "test", "tests"), first),
			"gavel test "+strings.Join(files, " ")+" shows why")}
	}
	return []Finding{ok("tests", counted(tests, "test of the rules passes", "tests of the rules pass"))}
}

var zoneName = regexp.MustCompile(`\b(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z_/+-]+[A-Za-z0-9]`)

// zones says what time it is in the time zones that the rules name, and which of
// them this program does not know.
func (c *checkup) zones(context.Context) []Finding {
	if c.set == nil {
		return nil
	}
	var names []string
	for _, source := range c.set.Sources {
		names = append(names, zoneName.FindAllString(string(source.Content), -1)...)
	}
	slices.Sort(names)
	var known []string
	var found []Finding
	for _, name := range slices.Compact(names) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			f := warning("zone", "the time zone "+name+" is not known here", "check its name, or update the time zone data (Debian: tzdata)")
			f.Subject = name
			found = append(found, f)
			continue
		}
		known = append(known, time.Now().In(zone).Format("15:04 ")+name)
	}
	if len(known) > 0 {
		found = append(found, ok("zones", "it is "+strings.Join(known, ", ")))
	}
	return found
}

// placeholderStart begins the values that "gavel init" writes to be replaced.
const placeholderStart = "replace-with-"

// variables says which variables of the rules still have a placeholder as value.
// Those that are not set are errors in the rules.
func (c *checkup) variables(context.Context) []Finding {
	if c.set == nil {
		return nil
	}
	used := ruleset.Variables(c.set.Sources)
	left := slices.DeleteFunc(c.set.VariablesWith(placeholderStart), func(name string) bool { return !used[name] })
	if len(left) > 0 {
		return []Finding{problem("variables", "placeholders are still the values of "+strings.Join(left, ", "),
			"put the real values in their place, such as in gavel.env")}
	}
	return nil
}
