package ruleset

import (
	"bytes"
	"encoding/json"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/tables"
	"github.com/gavel-rules/gavel/rules/text"
)

// Typed loads rules that a person typed to try them. They do not get the real
// environment, because a condition could reveal a secret, nor the kinds of the
// active rules, which know the hosts that may be called. The set is nil if a
// finding is an error.
func Typed(content string, o Options) (*rules.Set, text.Findings, error) {
	return TypedFiles([]text.Source{{Name: "rules.yaml", Content: []byte(content)}}, o)
}

// TypedFiles is Typed for several files.
func TypedFiles(sources []text.Source, o Options) (*rules.Set, text.Findings, error) {
	o.kinds = nil
	options, err := o.loadOptions()
	if err != nil {
		return nil, nil, err
	}
	for name, value := range options.Env {
		options.Env[name] = standIn(name, value)
	}
	for _, s := range o.Tables {
		if s.Name = filepath.Base(s.Name); tables.IsTable(s.Name) {
			sources = append(sources[:len(sources):len(sources)], s)
		}
	}
	set, findings := rules.Load(sources, options)
	return set, findings, nil
}

// Disguise returns a function that puts into JSON what typed rules get instead of
// the environment, so that what was really sent can be compared with what they
// send. Only variables that both name are replaced, and none that the rules in
// force hide: comparing must not tell what somebody could not see before.
func Disguise(typed, inForce *rules.Set, o Options) (func(json.RawMessage) json.RawMessage, error) {
	options, err := o.loadOptions()
	if err != nil {
		return nil, err
	}
	shown := Variables(inForce.Sources)
	var pairs []string
	for name := range Variables(typed.Sources) {
		value := options.Env[name]
		made := standIn(name, value)
		if !shown[name] || value == made || inForce.Redact(value) != value {
			continue
		}
		pairs = append(pairs, inJSON(value), inJSON(made))
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	r := strings.NewReplacer(pairs...)
	return func(raw json.RawMessage) json.RawMessage {
		if out := json.RawMessage(r.Replace(string(raw))); json.Valid(out) {
			return out
		}
		return raw
	}, nil
}

// named finds the variables that rules use.
var named = regexp.MustCompile(`\benv\s*(?:\.\s*|\[\s*["'])([A-Za-z_][A-Za-z0-9_]*)`)

// Variables are the names of the environment variables that sources mention.
func Variables(sources []text.Source) map[string]bool {
	found := map[string]bool{}
	for _, s := range sources {
		for _, m := range named.FindAllSubmatch(s.Content, -1) {
			found[string(m[1])] = true
		}
	}
	return found
}

// inJSON returns a text as it is within a JSON string.
func inJSON(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(text) != nil {
		return text
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// standIn returns a placeholder for the value of an environment variable, of the
// same shape, so that rules still load.
func standIn(name, value string) string {
	word := strings.ToLower(strings.ReplaceAll(name, "_", "-")) + ".example"
	_, notNumber := strconv.ParseInt(value, 10, 16)
	u, err := url.Parse(value)
	switch {
	case notNumber == nil, slices.Contains([]string{"", "true", "false", "none", "tls", "starttls"}, value):
		return value
	case err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return u.Scheme + "://" + word
	case strings.Contains(value, "@"):
		return "somebody@" + word
	}
	return word
}
