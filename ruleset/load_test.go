package ruleset_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rehearse"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

func write(t *testing.T, dir, name, content string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// says is a file with a rule that logs a variable of the environment.
func says(variable string) string {
	return "rules: [ { name: r, event: \"*\", when: env." + variable + " == \"x\", actions: [ { log: { message: hi } } ] } ]\n"
}

// TestEnvironmentOfRules: rules see the variables that are allowed, those of the
// secrets folder, and never Gavel's own.
func TestEnvironmentOfRules(t *testing.T) {
	t.Parallel()
	secrets := t.TempDir()
	write(t, secrets, "CRM_SECRET", "one\n")
	write(t, secrets, "GAVEL_TOKEN", "own")
	dir := t.TempDir()
	environ := []string{"CRM_URL=https://crm.example", "SLACK_BOT_TOKEN=xoxb-0", "GAVEL_CONSOLE_TOKEN=own", "odd", "EMPTY="}
	check := func(variable string, allow []string, secretsDir string, want bool) {
		t.Helper()
		path := write(t, dir, variable+".yaml", says(variable))
		set, findings := ruleset.Load(ruleset.Options{Paths: []string{path}, Environ: environ, EnvAllow: allow, SecretsDir: secretsDir})
		if (set != nil) != want || findings.HasErrors() == want {
			t.Errorf("%s, allowed %v: %s", variable, allow, findings.Error())
		}
	}
	check("CRM_URL", nil, "", true)
	check("EMPTY", nil, "", true)
	check("NOPE", nil, "", false)
	check("odd", nil, "", false)
	check("GAVEL_CONSOLE_TOKEN", nil, "", false)
	check("GAVEL_CONSOLE_TOKEN", []string{"*"}, "", false)
	check("CRM_URL", []string{"CRM_*"}, "", true)
	check("SLACK_BOT_TOKEN", []string{"CRM_*"}, "", false)
	check("SLACK_BOT_TOKEN", []string{"CRM_*", "SLACK_BOT_TOKEN"}, "", true)
	check("CRM_URL", []string{}, "", false)
	check("CRM_URL", []string{"[", "CRM_URL"}, "", true)
	check("CRM_SECRET", nil, secrets, true)
	check("CRM_SECRET", []string{}, secrets, true)
	check("GAVEL_TOKEN", nil, secrets, false)
}

// TestSecretsFolder: each file is a variable; what is no secret does not count.
func TestSecretsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "ONE", "1\n")
	write(t, dir, "two", "2\r\n")
	write(t, dir, "_3", "3\n\n")
	write(t, dir, "PLAIN", " x ")
	write(t, dir, "EMPTY", "")
	write(t, dir, ".hidden", "x")
	write(t, dir, "9LIVES", "x")
	write(t, dir, "with-dash", "x")
	write(t, dir, "GAVEL_SECRET", "x")
	write(t, dir, "FOLDER/x", "x")
	write(t, dir, "LARGE", strings.Repeat("x", 1<<20))
	if err := os.Symlink(filepath.Join(dir, "ONE"), filepath.Join(dir, "LINK")); err != nil {
		t.Fatal(err)
	}
	got, err := ruleset.Secrets(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(got["LARGE"]) != 1<<20 {
		t.Errorf("a large value has %d bytes", len(got["LARGE"]))
	}
	delete(got, "LARGE")
	want := map[string]string{"ONE": "1", "two": "2", "_3": "3\n", "PLAIN": " x ", "EMPTY": "", "LINK": "1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
	write(t, dir, "LARGE", strings.Repeat("x", 1<<20+1))
	if got, err := ruleset.Secrets(dir); err == nil || got != nil || !strings.HasPrefix(err.Error(), "secrets folder: ") {
		t.Errorf("a value that is too large: %v", err)
	}
	nowhere := filepath.Join(dir, "nowhere")
	if _, err := ruleset.Secrets(nowhere); err == nil || !strings.HasPrefix(err.Error(), "secrets folder: ") {
		t.Errorf("a folder that is not there: %v", err)
	}
	path := write(t, t.TempDir(), "rules.yaml", says("ONE"))
	set, findings := ruleset.Load(ruleset.Options{Paths: []string{path}, Environ: []string{"ONE=x"}, SecretsDir: nowhere})
	if set != nil || len(findings) != 1 || !strings.HasSuffix(findings.Error(), "; check --secrets-dir and the permissions of its files") {
		t.Errorf("a load with it: %s", findings.Error())
	}
	if _, err := (ruleset.Options{SecretsDir: nowhere}).Compile(text.EncodeSources([]text.Source{{Name: "r.yaml", Content: []byte(says("ONE"))}})); err == nil {
		t.Error("an earlier revision compiles with it")
	}
	if _, _, err := ruleset.Typed(says("ONE"), ruleset.Options{SecretsDir: nowhere}); err == nil {
		t.Error("typed rules load with it")
	}
}

// TestCompile: the stored sources of a revision make the set they were.
func TestCompile(t *testing.T) {
	t.Parallel()
	o := ruleset.Options{Environ: []string{"A=x"}}
	sources := []text.Source{{Name: "r.yaml", Content: []byte(says("A"))}}
	set, err := o.Compile(text.EncodeSources(sources))
	if err != nil || set.Revision != text.RevisionOf(sources) {
		t.Errorf("%+v, %v", set, err)
	}
	if set, err := o.Compile([]byte("{")); set != nil || err == nil || !strings.HasPrefix(err.Error(), "decode rules: ") {
		t.Errorf("broken bytes: %v", err)
	}
	if set, err := o.Compile(text.EncodeSources([]text.Source{{Name: "r.yaml", Content: []byte(says("B"))}})); set != nil || err == nil || !strings.Contains(err.Error(), `environment variable "B" is not available`) {
		t.Errorf("a variable that has gone: %v", err)
	}
}

// TestTypedRulesSeeNoSecrets: what somebody types to try it gets made-up values
// of the same shape.
func TestTypedRulesSeeNoSecrets(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"s3cret": "some-name.example", "": "", "true": "true", "false": "false", "none": "none", "tls": "tls", "starttls": "starttls",
		"587": "587", "-1": "-1", "32767": "32767", "32768": "some-name.example", "123456": "some-name.example",
		"https://me:pw@crm.example/x": "https://some-name.example", "http://crm.example": "http://some-name.example", "ftp://crm.example": "some-name.example",
		"https:///x": "some-name.example", "me@acme.example": "somebody@some-name.example", "%zz": "some-name.example",
	} {
		set, findings, err := ruleset.Typed("vars: { v: \"${{ env.SOME_NAME }}\" }\nrules: [ { name: r, event: \"*\", actions: [ { log: { message: hi } } ] } ]\n",
			ruleset.Options{Environ: []string{"SOME_NAME=" + value}})
		if err != nil || set == nil {
			t.Fatalf("%v, %s", err, findings.Error())
		}
		if got := set.Vars["v"]; got != want {
			t.Errorf("%q is replaced by %q, want %q", value, got, want)
		}
	}
	set, findings, err := ruleset.Typed("rules: 1\n", ruleset.Options{})
	if set != nil || !findings.HasErrors() || err != nil || findings[0].Pos.File != "rules.yaml" {
		t.Errorf("a mistake: %s, %v", findings.Error(), err)
	}
}

// TestFindSuites: files that are named, and the tests in folders, each once.
func TestFindSuites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := write(t, dir, "b_test.yaml", "")
	a := write(t, dir, "a_test.yml", "")
	named := write(t, dir, "other.txt", "")
	write(t, dir, "a.yaml", "")
	write(t, dir, ".c_test.yaml", "")
	write(t, dir, "d_test.yaml/x", "")
	got, err := ruleset.FindSuites([]string{named, dir, b})
	if diff := cmp.Diff([]string{a, b, named}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if got, err := ruleset.FindSuites([]string{filepath.Join(dir, "nope")}); err == nil || got != nil || !strings.HasPrefix(err.Error(), "find tests: ") {
		t.Errorf("%v, %v", got, err)
	}
}

// TestRulesOfASuite: those that are given, those that the file names, the file
// beside it, or the folder.
func TestRulesOfASuite(t *testing.T) {
	t.Parallel()
	const tests = "tests: [ { name: one, event: scheduling.smartscheduler.scheduled, expect: { runs: { %: succeeded } } } ]\n"
	rule := func(name string) string {
		return "rules: [ { name: " + name + ", event: \"*\", actions: [ { log: { message: hi } } ] } ]\n"
	}
	dir := t.TempDir()
	write(t, dir, "a.yaml", rule("beside"))
	given := write(t, dir, "sub/given.yaml", rule("given"))
	run := func(file, content string, paths ...string) {
		t.Helper()
		s := ruleset.TestSuite(t.Context(), write(t, dir, file, content), paths, rehearse.SuiteOptions{})
		if len(s.Findings) > 0 || len(s.Outcomes) != 1 || len(s.Outcomes[0].Failures) > 0 || len(s.Coverage) == 0 || s.File == "" {
			t.Errorf("%s: %s, %+v", file, s.Findings.Error(), s.Outcomes)
		}
	}
	of := func(name string) string { return strings.ReplaceAll(tests, "%", name) }
	run("a_test.yaml", of("beside"))
	run("a_test.yaml", of("given"), given)
	run("a_test.yaml", "rules: sub/given.yaml\n"+of("given"))
	run("a_test.yaml", "rules: ["+given+"]\n"+of("given"))
	run("z_test.yaml", of("beside"))

	for content, want := range map[string]string{
		"tests: 1":                        "tests must be a list",
		"rules: nope.yaml\n" + of("r"):    "not found",
		"rules: sub/env.yaml\n" + of("r"): "tests do not see the real environment: add a value under env: in " + filepath.Join(dir, "b_test.yaml"),
	} {
		write(t, dir, "sub/env.yaml", says("PATH"))
		s := ruleset.TestSuite(t.Context(), write(t, dir, "b_test.yaml", content), nil, rehearse.SuiteOptions{})
		if s.Outcomes != nil || !s.Findings.HasErrors() || !strings.Contains(s.Findings.Error(), want) {
			t.Errorf("%s: %s", content, s.Findings.Error())
		}
	}
	s := ruleset.TestSuite(t.Context(), filepath.Join(dir, "nope_test.yaml"), nil, rehearse.SuiteOptions{})
	if !s.Findings.HasErrors() {
		t.Error("a file that is not there has no findings")
	}
	write(t, dir, "sub/event.json", `{"eventId":"e","eventType":"scheduling.smartscheduler.scheduled","eventTimestamp":"2026-03-01T10:00:00Z","data":{"id":"m-1"}}`)
	run("c_test.yaml", "rules: sub/env.yaml\nenv: { PATH: x }\ntests: [ { name: one, file: sub/event.json, expect: { runs: { r: succeeded } } } ]\n")
}
