package docs_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

// TestRulesLoad loads every YAML block: whole files as they are, parts of
// files inside a file that they fit into. Nothing may be found in them.
func TestRulesLoad(t *testing.T) {
	t.Parallel()
	key := privateKey(t)
	loaded := 0
	for _, d := range documents(t) {
		for _, b := range d.blocks {
			if b.lang != "yaml" || isSuite.MatchString(b.text) {
				continue
			}
			if strings.Contains(b.text, "apiVersion:") || ofOthers.MatchString(b.text) {
				checkYAML(t, b)
				continue
			}
			loaded++
			if found := load(completed(b.text), key); len(found) > 0 {
				t.Errorf("%s:%d: this block does not load:\n%s", b.doc, b.line, found.Error())
			}
		}
	}
	if loaded < 15 {
		t.Errorf("only %d blocks were loaded; does the test still see them?", loaded)
	}
}

// ofOthers tells the file of another program by its place, in the first line.
var ofOthers = regexp.MustCompile(`^# /\S+\.ya?ml\n`)

// TestExampleLoads loads the example that the demo runs.
func TestExampleLoads(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, "rules.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if found := load(string(content), ""); len(found) > 0 {
		t.Errorf("rules.example.yaml does not load:\n%s", found.Error())
	}
}

// load compiles one file with a value for every environment variable that it
// names.
func load(content, key string) text.Findings {
	env := map[string]string{}
	for _, m := range regexp.MustCompile(`\benv\.([A-Z][A-Z0-9_]*)`).FindAllStringSubmatch(content, -1) {
		env[m[1]] = valueFor(m[1], key)
	}
	sources := []text.Source{{Name: "rules.yaml", Content: []byte(content)}}
	for name, table := range map[string]string{
		"owners.csv": "username,slack,manager\nolga@acme.example,U123,U456\n",
		"routes.csv": "region,channel\nEMEA,#emea\n,#sales\n",
		"limits.csv": "team,seats,vip,since\nsales,12,yes,2026-01-31\n",
	} {
		sources = append(sources, text.Source{Name: name, Content: []byte(table)})
	}
	_, found := rules.Load(sources, rules.Options{Kinds: kinds(), Env: env})
	return found
}

func valueFor(name, key string) string {
	switch {
	case strings.HasSuffix(name, "_URL"):
		return "https://host.example/path"
	case strings.HasSuffix(name, "_HOST"):
		return "mail.host.example"
	case strings.HasSuffix(name, "_PORT"):
		return "587"
	case strings.HasSuffix(name, "_TLS"):
		return "starttls"
	case strings.HasSuffix(name, "_PEM"):
		return key
	}
	return "value-of-" + strings.ToLower(name)
}

const (
	someRule = "rules:\n  - name: some-rule\n    event: scheduling.*\n    actions:\n      - log: { message: hello }\n"
	someKeys = "    event: scheduling.*\n    actions:\n      - log: { message: hello }\n"
)

// completed makes a whole file of a part: top keys, a list of rules, the keys
// of a rule, or a list of actions.
func completed(text string) string {
	first := firstKey(text)
	switch {
	case strings.Contains("\n"+text, "\nrules:"):
		return text
	case strings.HasPrefix(first, "- name:"):
		return "vars: { home: acme.example }\n" + connectionsFor(text) + "rules:\n" + indented(text, 2)
	case strings.HasPrefix(first, "- "):
		return connectionsFor(text) + "rules:\n  - name: some-rule\n    event: scheduling.*\n    actions:\n" + indented(text, 6)
	case regexp.MustCompile(`^(connections|vars|x-[a-z-]+):`).MatchString(first):
		return text + someRule
	}
	return "rules:\n  - name: some-rule\n" + missingKeys(text) + indented(text, 4)
}

// missingKeys are those that a rule needs and the part does not have.
func missingKeys(text string) string {
	out := ""
	for line := range strings.Lines(someKeys) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case strings.Contains("\n"+text, "\n"+name+":"):
			if name == "actions" {
				return out
			}
		default:
			out += line
		}
	}
	return out
}

func firstKey(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\n"); line != "" && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			return line
		}
	}
	return ""
}

func indented(text string, n int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.Repeat(" ", n) + line)
	}
	return b.String()
}

// connectionsFor gives a part the connections that it uses.
func connectionsFor(text string) string {
	var b strings.Builder
	b.WriteString("connections:\n")
	if strings.Contains(text, "slack:") {
		b.WriteString("  slack: { token: some-token }\n")
	}
	if strings.Contains(text, "email:") {
		b.WriteString("  email: { host: smtp.acme.example, from: hello@acme.example }\n")
	}
	if strings.Contains(text, "connection: crm") {
		b.WriteString("  crm: { kind: http, base_url: \"https://crm.example\" }\n")
	}
	if strings.Count(b.String(), "\n") == 1 {
		return ""
	}
	return b.String()
}

func checkYAML(t *testing.T, b block) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(b.text))
	for {
		var v any
		err := decoder.Decode(&v)
		if err != nil {
			if err.Error() != "EOF" {
				t.Errorf("%s:%d: not valid YAML: %v", b.doc, b.line, err)
			}
			return
		}
	}
}

func privateKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// TestNamesInExpressions compiles every name of the environment of expressions
// that a document shows.
func TestNamesInExpressions(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile(`^(?:event|meeting|change|test|previous|data|window|throttle)(?:\.\w+|\[\d\])*$`)
	alone := map[string]bool{"event": true, "test": true, "data": true, "change": true, "meeting": true, "previous": true, "window": true, "throttle": true}
	seen := map[string]bool{}
	for _, d := range documents(t) {
		for _, span := range codeSpans(d) {
			if !name.MatchString(span) || seen[span] || alone[span] {
				continue
			}
			seen[span] = true
			part := fmt.Sprintf("event: \"*\"\nthreshold: { count: 2, within: 1h }\nthrottle: { once: 1h }\nactions: [{ log: { message: \"${{ %s }}\" } }]\n", span)
			found := load(completed(part), "")
			if strings.HasPrefix(span, "window.") && found.HasErrors() {
				part = fmt.Sprintf("- name: scheduled\n  schedule: { at: \"09:00\" }\n  collect: { event: \"*\", by: { NAME: event.eventType } }\n  actions: [{ log: { message: \"${{ %s }}\" } }]\n", span)
				found = load(completed(part), "")
			}
			if found.HasErrors() {
				t.Errorf("%s: %s: %s", d.path, span, found.Error())
			}
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d names were found; does the test still see them?", len(seen))
	}
}

// TestKeysExist looks up every key of a rules file that a document names, as
// in "when:" in backticks.
func TestKeysExist(t *testing.T) {
	t.Parallel()
	places := keyPlaces()
	key := regexp.MustCompile(`^([a-z][a-z0-9_.-]*):$`)
	seen := map[string]bool{}
	for _, d := range documents(t) {
		for _, span := range codeSpans(d) {
			m := key.FindStringSubmatch(span)
			if m == nil || seen[m[1]] {
				continue
			}
			seen[m[1]] = true
			if !knownKey(places, m[1]) {
				t.Errorf("%s: no place in a rules file has a key %q", d.path, m[1])
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d keys were found; does the test still see them?", len(seen))
	}
}

// keyPlaces are files with a place for one key, %s.
func keyPlaces() []string {
	places := []string{
		"%s: {}\n" + someRule,
		"tables: { t: { file: owners.csv, %s: x } }\n" + someRule,
		someRule + "    %s: x\n",
		completed("- { log: { message: hello }, %s: x }\n"),
		completed("- { log: { message: hello }, retry: { %s: 1 } }\n"),
		completed("- wait: { for: 1h, only_between: { %s: x } }\n"),
	}
	for _, window := range []string{"threshold", "throttle", "digest"} {
		places = append(places, someRule+"    "+window+": { %s: x }\n")
	}
	for _, k := range kinds().Actions {
		places = append(places, completed("- "+k.Name+": { %s: x }\n"))
		if k.Connection != "" {
			places = append(places, completed("- "+k.Name+": { %s: x, connection: crm }\n"))
		}
	}
	for _, k := range kinds().Connections {
		places = append(places, "connections: { c: { kind: "+k.Name+", %s: x } }\n"+someRule)
	}
	for _, way := range []string{"", "basic", "header", "oauth2", "jwt_bearer"} {
		inner := "{ %s: x }"
		if way != "" {
			inner = "{ " + way + ": { %s: x } }"
		}
		places = append(places, "connections: { c: { kind: http, auth: "+inner+" } }\n"+someRule)
	}
	return places
}

func knownKey(places []string, key string) bool {
	for _, place := range places {
		refused := false
		for _, f := range load(fmt.Sprintf(place, key), "") {
			if strings.Contains(f.Message, fmt.Sprintf("unknown key %q", key)) || strings.Contains(f.Message, fmt.Sprintf("unknown kind of action %q", key)) {
				refused = true
			}
		}
		if !refused {
			return true
		}
	}
	return false
}

// TestRetryWords holds what the documents say of the default retries to them.
func TestRetryWords(t *testing.T) {
	t.Parallel()
	r := rules.DefaultRetry()
	pause, all := r.Initial, time.Duration(0)
	for range r.Max - 1 {
		all += pause
		pause = min(2*pause, r.Longest)
	}
	words := []string{
		fmt.Sprintf("there are %d attempts in total", r.Max), "begin at " + units.Duration(r.Initial).String(),
		"up to " + units.Duration(r.Longest).String(), fmt.Sprintf("about %d hours together", int(all.Round(time.Hour).Hours())),
	}
	text := strings.Join(strings.Fields(readDocument(t, "docs/rules.md").text), " ")
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("docs/rules.md does not say %q", w)
		}
	}
}
