package ruleset

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/text"
)

// Typed loads rules that a person typed to try them. They do not get the real
// environment, because a condition could reveal a secret, nor the kinds of the
// active rules, which know the hosts that may be called. The set is nil if a
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
