// Package gavel holds the files of this tree that the program needs: the example
// rules for the demo, and the systemd unit. The program is in cmd/gavel.
package gavel

import _ "embed"

// ExampleRules is rules.example.yaml.
//
//go:embed rules.example.yaml
var ExampleRules []byte

// SystemdUnit is deploy/systemd/gavel.service.
//
//go:embed deploy/systemd/gavel.service
var SystemdUnit string
