package traces

import (
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/gavel-rules/gavel/internal/smallfile"
)

// The SDK replaces invalid values by defaults and logs that in its own words,
// sometimes with the value. So all values are checked here first.

func (e *environment) boolean(name string) bool {
	switch v := e.get(name); {
	case v == "", strings.EqualFold(v, "false"):
		return false
	case strings.EqualFold(v, "true"):
		return true
	default:
		e.wrong(name, "%q must be true or false", v)
		return false
	}
}

// oneOf returns the value of the first variable that is set.
func (e *environment) oneOf(names []string, otherwise string, allowed ...string) string {
	name, v := e.first(names...)
	if v == "" {
		return otherwise
	}
	for _, a := range allowed {
		if v == a {
			return v
		}
	}
	last := len(allowed) - 1
	e.wrong(name, "unknown value %q; write %s or %s", v, strings.Join(allowed[:last], ", "), allowed[last])
	return otherwise
}

// headers checks the headers of export requests and returns their values,
// which are often credentials.
func (e *environment) headers() (values []string) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		list := e.get(name)
		if list == "" {
			continue
		}
		for i, pair := range strings.Split(list, ",") {
			key, raw, found := strings.Cut(pair, "=")
			value, err := url.PathUnescape(raw)
			value = strings.TrimSpace(value)
			switch {
			case !found || !httpguts.ValidHeaderFieldName(strings.TrimSpace(key)):
				e.wrong(name, "entry %d is not NAME=VALUE; write it like api-key=KEY, separated by commas", i+1)
			case err != nil || !httpguts.ValidHeaderFieldValue(value):
				e.wrong(name, "the value of entry %d is not a valid header; encode special characters as in a URL, %%20 for a space", i+1)
			}
			values = append(values, value, strings.TrimSpace(raw))
			values = append(values, strings.Fields(value)...) // as in "Bearer KEY"
		}
	}
	return values
}

func (e *environment) connection() {
	for _, infix := range []string{"", "TRACES_"} {
		prefix := "OTEL_EXPORTER_OTLP_" + infix
		e.boolean(prefix + "INSECURE")
		e.count(prefix+"TIMEOUT", "milliseconds")
		e.oneOf([]string{prefix + "COMPRESSION"}, "none", "gzip", "none")
		e.authorities(prefix + "CERTIFICATE")
		e.clientCertificate(prefix+"CLIENT_CERTIFICATE", prefix+"CLIENT_KEY")
	}
}

func (e *environment) authorities(name string) {
	file := e.get(name)
	if file == "" {
		return
	}
	pem, err := smallfile.Read(file)
	switch {
	case err != nil:
		e.wrong(name, "%v", err)
	case !x509.NewCertPool().AppendCertsFromPEM(pem):
		e.wrong(name, "%q contains no PEM certificate", file)
	}
}

func (e *environment) clientCertificate(certName, keyName string) {
	cert, key := e.get(certName), e.get(keyName)
	switch {
	case cert == "" && key == "":
	case cert == "":
		e.wrong(certName, "is missing; it is required with %s", keyName)
	case key == "":
		e.wrong(keyName, "is missing; it is required with %s", certName)
	default:
		if err := checkPair(cert, key); err != nil {
			e.wrong(certName, "invalid certificate: %v", err)
		}
	}
}

func checkPair(certFile, keyFile string) error {
	cert, err := smallfile.Read(certFile)
	if err != nil {
		return err
	}
	key, err := smallfile.Read(keyFile)
	if err != nil {
		return err
	}
	_, err = tls.X509KeyPair(cert, key)
	return err
}

func (e *environment) sampler() {
	sampler := e.oneOf([]string{"OTEL_TRACES_SAMPLER"}, "parentbased_always_on",
		"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio")
	const name = "OTEL_TRACES_SAMPLER_ARG"
	if v := e.get(name); v != "" && strings.HasSuffix(sampler, "traceidratio") {
		if share, err := strconv.ParseFloat(v, 64); err != nil || !(share >= 0 && share <= 1) {
			e.wrong(name, "%q must be between 0 and 1, such as 0.1 for every tenth trace", v)
		}
	}
}

func (e *environment) resource() {
	const name = "OTEL_RESOURCE_ATTRIBUTES"
	list := e.get(name)
	if list == "" {
		return
	}
	for i, pair := range strings.Split(list, ",") {
		key, value, found := strings.Cut(pair, "=")
		if _, err := url.PathUnescape(value); err != nil || !found || strings.TrimSpace(key) == "" {
			e.wrong(name, "entry %d, %q, is not NAME=VALUE; write it like deployment.environment.name=production, separated by commas", i+1, pair)
		}
	}
}

func (e *environment) limits() {
	e.count("OTEL_BSP_SCHEDULE_DELAY", "milliseconds")
	e.count("OTEL_BSP_EXPORT_TIMEOUT", "milliseconds")
	e.count("OTEL_BSP_MAX_QUEUE_SIZE", "spans")
	e.count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "spans")
	e.count("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "characters")
	e.count("OTEL_ATTRIBUTE_COUNT_LIMIT", "attributes")
	e.count("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "characters")
	e.count("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "attributes")
	e.count("OTEL_SPAN_EVENT_COUNT_LIMIT", "events")
	e.count("OTEL_SPAN_LINK_COUNT_LIMIT", "links")
	e.count("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "attributes")
	e.count("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "attributes")
}

// mostOf bounds counts: larger values are mistakes, and the queue is allocated
// at once.
const mostOf = 10_000_000

func (e *environment) count(name, unit string) {
	v := e.get(name)
	if v == "" {
		return
	}
	if n, err := strconv.Atoi(v); err != nil || n <= 0 || n > mostOf {
		e.wrong(name, "%q must be a number of %s from 1 to %d", v, unit, mostOf)
	}
}
