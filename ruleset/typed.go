package ruleset

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// Typed loads rules that somebody typed to try them. They get neither the real
// environment, because a condition could spell a secret out, nor the kinds of
// the rules in force, which know whom those may call. The set is nil when a
// finding is an error.
func Typed(content string, o Options) (*rules.Set, text.Findings, error) {
	o.kinds = nil
	options, err := o.loadOptions()
	if err != nil {
		return nil, nil, err
	}
	for name, value := range options.Env {
		options.Env[name] = standIn(name, value)
	}
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(content)}}, options)
	return set, findings, nil
}

// standIn replaces the value of an environment variable by a made-up one of
// the same shape, so that rules still load.
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
