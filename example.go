// Package gavel holds the example rules, so that the demo works from the
// binary alone. The program is in cmd/gavel.
package gavel

import _ "embed"

// ExampleRules is rules.example.yaml.
//
//go:embed rules.example.yaml
var ExampleRules []byte
