package traces

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// read reads variables given as NAME=VALUE.
func read(variables ...string) (Settings, error) {
	env := map[string]string{}
	for _, v := range variables {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	return Read(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
}

func TestWhatSwitchesTracesOn(t *testing.T) {
	t.Parallel()
	check := func(want string, variables ...string) {
		t.Helper()
		s, err := read(variables...)
		if err != nil {
			t.Errorf("%v: %v", variables, err)
		}
		if got := strings.TrimSpace(strings.Join(s.exporters, ",") + " " + s.protocol + " " + s.collector); got != want {
			t.Errorf("%v: got %q, want %q", variables, got, want)
		}
	}
	check("")
	check("", "OTEL_SERVICE_NAME=gavel", "OTEL_EXPORTER_OTLP_HEADERS=bad", "OTEL_TRACES_SAMPLER=bad", "OTEL_EXPORTER_OTLP_ENDPOINT= ")
	check("otlp http/protobuf http://localhost:4318", "OTEL_TRACES_EXPORTER=otlp")
	check("otlp grpc http://localhost:4317", "OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc")
	check("otlp http/protobuf https://otel.acme.example", "OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.acme.example/otlp")
	check("otlp http/json http://b.example:1", "OTEL_EXPORTER_OTLP_ENDPOINT=http://a.example", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://b.example:1/x",
		"OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json")
	check("console,otlp http/protobuf http://localhost:4318", "OTEL_TRACES_EXPORTER=console, otlp,console")
	check("console", "OTEL_TRACES_EXPORTER=console", "OTEL_EXPORTER_OTLP_ENDPOINT=not looked at")
	check("", "OTEL_TRACES_EXPORTER=none", "OTEL_EXPORTER_OTLP_ENDPOINT=http://a.example")
	check("", "OTEL_SDK_DISABLED=TRUE", "OTEL_TRACES_EXPORTER=nonsense")
}

// TestBadValues has every value that the SDK would pass over in silence.
func TestBadValues(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.pem")
	check := func(variable, want string) {
		t.Helper()
		name, value, _ := strings.Cut(variable, "=")
		_, err := read("OTEL_TRACES_EXPORTER=otlp", variable)
		switch {
		case err == nil:
			t.Errorf("%s: taken", variable)
		case !strings.HasPrefix(err.Error(), "environment variable "+name+": ") || !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v; want %q in it", variable, err, want)
		case strings.Contains(value, "hidden") && strings.Contains(err.Error(), "hidden"):
			t.Errorf("%s: the message repeats what may be a secret: %v", name, err)
		}
	}
	check("OTEL_SDK_DISABLED=yes", `"yes" must be true or false`)
	check("OTEL_TRACES_EXPORTER=zipkin", `unknown exporter "zipkin"; write otlp, console or none`)
	check("OTEL_EXPORTER_OTLP_PROTOCOL=udp", `write http/protobuf, http/json or grpc`)
	check("OTEL_EXPORTER_OTLP_ENDPOINT=collector:4318", "write it like http://localhost:4318")
	check("OTEL_EXPORTER_OTLP_ENDPOINT=127.0.0.1:4318", "write it like")
	check("OTEL_EXPORTER_OTLP_ENDPOINT=http://:4318", "not an http or https URL")
	check("OTEL_EXPORTER_OTLP_ENDPOINT=https://user:hidden@otel.acme.example", "OTEL_EXPORTER_OTLP_HEADERS")
	check("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://otel.acme.example?key=hidden", "a query")
	check("OTEL_EXPORTER_OTLP_HEADERS=hidden", "entry 1 is not NAME=VALUE")
	check("OTEL_EXPORTER_OTLP_TRACES_HEADERS=a=b,c d=hidden", "entry 2 is not NAME=VALUE")
	check("OTEL_EXPORTER_OTLP_HEADERS=a=hidden%zz", "the value of entry 1")
	check("OTEL_EXPORTER_OTLP_HEADERS=a=hidden%0Ahidden", "the value of entry 1")
	check("OTEL_EXPORTER_OTLP_TIMEOUT=10s", "a number of milliseconds")
	check("OTEL_EXPORTER_OTLP_COMPRESSION=zstd", "write gzip or none")
	check("OTEL_EXPORTER_OTLP_INSECURE=1", "must be true or false")
	check("OTEL_EXPORTER_OTLP_CERTIFICATE="+missing, "was not found")
	check("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=settings_test.go", "contains no PEM certificate")
	check("OTEL_TRACES_SAMPLER=jaeger_remote", "write always_on, always_off, traceidratio,")
	check("OTEL_RESOURCE_ATTRIBUTES=a=b,c", `entry 2, "c", is not NAME=VALUE`)
	check("OTEL_BSP_MAX_QUEUE_SIZE=0", "from 1 to")
	check("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=many", "a number of attributes")
	for _, share := range []string{"2", "-0.1", "10%", "NaN"} {
		_, err := read("OTEL_TRACES_EXPORTER=otlp", "OTEL_TRACES_SAMPLER=traceidratio", "OTEL_TRACES_SAMPLER_ARG="+share)
		if err == nil || !strings.Contains(err.Error(), "must be between 0 and 1") {
			t.Errorf("share %s: %v", share, err)
		}
	}
	_, err := read("OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_CLIENT_KEY=key.pem")
	if err == nil || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: is missing; it is required with") {
		t.Errorf("a key without its certificate: %v", err)
	}
	_, err = read("OTEL_TRACES_EXPORTER=otlp", "OTEL_EXPORTER_OTLP_CLIENT_KEY="+missing, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE="+missing)
	if err == nil || !strings.Contains(err.Error(), "was not found") {
		t.Errorf("files that are missing: %v", err)
	}
	_, err = read("OTEL_TRACES_EXPORTER=otlp", "OTEL_BSP_SCHEDULE_DELAY=x", "OTEL_TRACES_SAMPLER=x")
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("two mistakes: %v; want one line for each", err)
	}
}

// TestSecretsOfTheEnvironment looks at what is kept from the log.
func TestSecretsOfTheEnvironment(t *testing.T) {
	t.Parallel()
	s, err := read("OTEL_EXPORTER_OTLP_ENDPOINT=https://otel.acme.example/tenant-key", "OTEL_EXPORTER_OTLP_HEADERS=Authorization=Bearer%20key-of-acme")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/tenant-key", "Bearer key-of-acme", "Bearer%20key-of-acme", "Bearer", "key-of-acme"}
	if diff := cmp.Diff(want, s.secrets); diff != "" {
		t.Errorf("secrets (-want +got):\n%s", diff)
	}
}

// TestNotes has what is not followed, said rather than passed over.
func TestNotes(t *testing.T) {
	t.Parallel()
	s, err := read("OTEL_TRACES_EXPORTER=otlp", "OTEL_PROPAGATORS=b3", "OTEL_CONFIG_FILE=otel.yaml")
	if err != nil || len(s.Notes) != 2 {
		t.Errorf("notes %q, %v; want two", s.Notes, err)
	}
	if s, err = read("OTEL_TRACES_EXPORTER=otlp", "OTEL_PROPAGATORS=baggage,tracecontext"); err != nil || len(s.Notes) != 0 {
		t.Errorf("notes %q, %v; want none", s.Notes, err)
	}
}
