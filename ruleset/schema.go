package ruleset

import "github.com/gavel-rules/gavel/rules"

// Schema returns the JSON Schema of rules files.
func Schema() ([]byte, error) {
	var o Options
	o.KeepConnections()
	return rules.Schema(*o.kinds)
}
