package app

import "github.com/gavel-rules/gavel/rules"

// RulesSchema returns the JSON Schema of rules files.
func RulesSchema() ([]byte, error) {
	var o RulesOptions
	o.buildKinds()
	return rules.Schema(*o.kinds)
}
