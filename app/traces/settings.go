package traces

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// Settings are what the environment says about traces. The zero value turns
// them off.
type Settings struct {
	exporters []string // otlp, console
	protocol  string   // of otlp: http/protobuf, http/json or grpc
	collector string   // scheme, host and port, for the log
	secrets   []string // values that must not be logged
	// Notes name settings that Gavel ignores.
	Notes []string
}

// On reports whether anything is traced.
func (s *Settings) On() bool { return len(s.exporters) > 0 }

const (
	otlp     = "otlp"
	console  = "console"
	protobuf = "http/protobuf"
	grpc     = "grpc"
)

// Read reads the variables through lookup, which is os.LookupEnv outside of
// tests. Traces are on when OTEL_TRACES_EXPORTER or an OTLP endpoint is set.
// The error has one finding for each invalid value; it repeats no value that
// may be secret.
func Read(lookup func(string) (string, bool)) (Settings, error) {
	env := environment{lookup: lookup}
	var s Settings
	if env.boolean("OTEL_SDK_DISABLED") {
		return s, env.err()
	}
	s.exporters = env.exporters()
	if !s.On() {
		return s, env.err()
	}
	if s.uses(otlp) {
		s.protocol = env.oneOf([]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"},
			protobuf, protobuf, "http/json", grpc)
		s.collector, s.secrets = env.collector(s.protocol)
		s.secrets = append(s.secrets, env.headers()...)
		env.connection()
	}
	env.sampler()
	env.resource()
	env.limits()
	if v := env.get("OTEL_PROPAGATORS"); v != "" && !listed(v, "tracecontext") {
		s.Notes = append(s.Notes, "OTEL_PROPAGATORS is ignored: traces propagate as tracecontext")
	}
	if env.get("OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE") != "" {
		s.Notes = append(s.Notes, "OTEL_CONFIG_FILE is ignored: set the other OTEL_ variables instead")
	}
	return s, env.err()
}

func (s *Settings) uses(exporter string) bool {
	for _, e := range s.exporters {
		if e == exporter {
			return true
		}
	}
	return false
}

// environment reads variables and collects what is wrong with them.
type environment struct {
	lookup   func(string) (string, bool)
	findings []error
}

func (e *environment) err() error { return errors.Join(e.findings...) }

func (e *environment) wrong(name, format string, args ...any) {
	e.findings = append(e.findings, fmt.Errorf("environment variable %s: %s", name, fmt.Sprintf(format, args...)))
}

// get returns the first of the variables that is set to something.
func (e *environment) get(names ...string) string {
	_, v := e.first(names...)
	return v
}

func (e *environment) first(names ...string) (name, value string) {
	for _, name := range names {
		if v, ok := e.lookup(name); ok && strings.TrimSpace(v) != "" {
			return name, strings.TrimSpace(v)
		}
	}
	return names[0], ""
}

func (e *environment) exporters() []string {
	const name = "OTEL_TRACES_EXPORTER"
	value := e.get(name)
	if value == "" {
		if e.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") != "" {
			return []string{otlp}
		}
		return nil
	}
	var list []string
	for _, v := range items(value) {
		switch {
		case v == "none":
		case v != otlp && v != console:
			e.wrong(name, "unknown exporter %q; write otlp, console or none", v)
		case !listed(strings.Join(list, ","), v):
			list = append(list, v)
		}
	}
	return list
}

// collector checks the endpoint. It returns it without its secrets, and the
// secrets.
func (e *environment) collector(protocol string) (shown string, secrets []string) {
	name, value := e.first("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
	example := "http://localhost:4318"
	if protocol == grpc {
		example = "http://localhost:4317"
	}
	if value == "" {
		return example, nil
	}
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		// Not repeated, because it can contain a password.
		e.wrong(name, "is not an http or https URL; write it like %s", example)
		return "", nil
	case u.User != nil:
		e.wrong(name, "contains a user, which is not sent; put credentials in OTEL_EXPORTER_OTLP_HEADERS")
	case u.RawQuery != "" || u.Fragment != "":
		e.wrong(name, "contains a query or a fragment, which is not sent; remove it")
	}
	if p := strings.Trim(u.Path, "/"); p != "" && p != "v1/traces" {
		secrets = append(secrets, u.Path)
	}
	return u.Scheme + "://" + u.Host, secrets
}

// items splits a list at its commas.
func items(list string) []string {
	var out []string
	for _, v := range strings.Split(list, ",") {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

func listed(list, item string) bool {
	for _, v := range items(list) {
		if v == item {
			return true
		}
	}
	return false
}
