package ruleset

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules/suite"
	"github.com/gavel-rules/gavel/rules/text"
)

// TestedSuite is the result of the tests of one file.
type TestedSuite struct {
	File     string
	Outcomes []*rehearse.Outcome
	// Findings are mistakes in the tests, or in the rules they are for.
	Findings text.Findings
	Coverage []*rehearse.RuleCoverage
}

// FindSuites lists test files: each path, or the *_test.yaml and *_test.yml
// files in it if it is a folder.
func FindSuites(paths []string) ([]string, error) {
	var out []string
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return nil, fmt.Errorf("find tests: %w", err)
		case !info.IsDir():
			out = append(out, path)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, fmt.Errorf("find tests: %w", err)
		}
		for _, e := range entries {
			if !e.IsDir() && !strings.HasPrefix(e.Name(), ".") && suite.IsSuite(e.Name()) {
				out = append(out, filepath.Join(path, e.Name()))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// TestSuite reads a file of rule tests and runs them. paths are the rules to
// test; if there are none, see rulesFor.
func TestSuite(ctx context.Context, file string, paths []string, o rehearse.SuiteOptions) TestedSuite {
	out := TestedSuite{File: file}
	sources, findings := text.ReadSources(file)
	if out.Findings = findings; findings.HasErrors() {
		return out
	}
	suite, findings := suite.Load(sources[0])
	if out.Findings = findings; findings.HasErrors() {
		return out
	}
	if len(paths) == 0 {
		paths = rulesFor(suite)
	}
	set, findings := Load(Options{Paths: paths, Environ: environOf(suite)})
	if findings.HasErrors() {
		out.Findings = hintAtEnv(findings, file)
		return out
	}
	dir := os.DirFS(filepath.Dir(file))
	o.Read = func(name string) ([]byte, error) { return fs.ReadFile(dir, filepath.ToSlash(filepath.Clean(name))) }
	o.Coverage = rehearse.NewCoverage(set)
	out.Outcomes, findings = rehearse.RunSuite(ctx, suite, set, o)
	out.Findings = append(out.Findings, findings...)
	out.Coverage = o.Coverage.Rules()
	return out
}

// rulesFor returns the rules that a suite tests: those it names, else the file
// with the same name without _test, else all rules of its folder.
func rulesFor(suite *suite.Suite) []string {
	dir := filepath.Dir(suite.File)
	var out []string
	for _, name := range suite.Rules {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		out = append(out, name)
	}
	if len(out) > 0 {
		return out
	}
	ext := filepath.Ext(suite.File)
	beside := strings.TrimSuffix(suite.File, "_test"+ext) + ext
	if _, err := os.Stat(beside); err == nil {
		return []string{beside}
	}
	return []string{dir}
}

// environOf returns the environment of a test. The real one is not used, so that
// a test gives the same result on every machine.
func environOf(suite *suite.Suite) []string {
	out := []string{}
	for name, value := range suite.Env {
		out = append(out, name+"="+value)
	}
	return out
}

func hintAtEnv(findings text.Findings, file string) text.Findings {
	out := slices.Clone(findings)
	for i := range out {
		if out[i].Variable != "" {
			out[i].Hint = "tests do not see the real environment: add a value under env: in " + file
		}
	}
	return out
}
