package chart_test

import (
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
)

// enough are values that the chart takes.
const enough = `
rules: { existingConfigMap: r }
secrets: { existingSecret: s }
`

// TestRefusals renders values that contradict each other or are none; the words
// say what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ values, says string }{
		"two pods on SQLite":      {"replicas: 2", "replicas: SQLite takes exactly one pod, not 2"},
		"no pod on SQLite":        {"replicas: 0", "replicas: SQLite takes exactly one pod, not 0"},
		"SQLite scaled":           {"autoscaling: { enabled: true }", "autoscaling.enabled: SQLite takes exactly one pod"},
		"a URL for SQLite":        {"database: { postgres: { url: postgres://h/d } }", "database.kind is sqlite"},
		"PostgreSQL without URL":  {"database: { kind: postgres }", "database.postgres: give url"},
		"PostgreSQL twice":        {"database: { kind: postgres, postgres: { url: postgres://h/d, existingSecret: x } }", "give url or existingSecret, not both"},
		"backups of PostgreSQL":   {"database: { kind: postgres, postgres: { existingSecret: x } }\nbackup: { enabled: true }", "backup.enabled: it is for SQLite"},
		"PostgreSQL with a claim": {"database: { kind: postgres, postgres: { existingSecret: x }, persistence: { existingClaim: c } }", "PostgreSQL needs no volume"},
		"replicas and scaling":    {"replicas: 3\ndatabase: { kind: postgres, postgres: { existingSecret: x } }\nautoscaling: { enabled: true }", "autoscaling decides the number of pods"},
		"scaling upside down":     {"database: { kind: postgres, postgres: { existingSecret: x } }\nautoscaling: { enabled: true, minReplicas: 9 }", "minReplicas is larger than maxReplicas"},
		"rules twice":             {"rules: { files: { a.yaml: x } }", "rules: give files or existingConfigMap, not both"},
		"no rules":                {"rules: { existingConfigMap: \"\" }", "rules: there are none"},
		"too many rules":          {"rules: { existingConfigMap: \"\", files: { a.yaml: " + strings.Repeat("x", 1_000_000) + " } }", "1 MiB at most"},
		"secrets twice":           {"secrets: { signingSecret: x }", "give existingSecret, or the secrets themselves, not both"},
		"no signing secret":       {"secrets: { existingSecret: \"\", consoleToken: x }", "does not start without the signing secret"},
		"a console without token": {"secrets: { existingSecret: \"\", signingSecret: x }", "requires a token"},
		"rule secrets twice":      {"ruleSecrets: { values: { A: b }, existingSecret: x }", "ruleSecrets: give values or existingSecret"},
		"a flag of the chart":     {"flags: { console: \":9\" }", "flags.console: the chart sets it; remove it"},
		"a secret as a flag":      {"flags: { signing-secret: x }", "flags.signing-secret: the chart sets it; use secrets.signingSecret"},
		"an ingress without host": {"ingress: { enabled: true }", "ingress.host: give the host name"},
		"console without host":    {"console: { ingress: { enabled: true } }", "console.ingress.host: give the host name"},
		"a route without gateway": {"gateway: { enabled: true, hostnames: [a.example] }", "gateway.parentRefs: name the Gateway"},
		"a route without host":    {"console: { gateway: { enabled: true, parentRefs: [{ name: g }] } }", "console.gateway.hostnames: give the host name"},
		"one host for both":       {"ingress: { enabled: true, host: a.example }\nconsole: { ingress: { enabled: true, host: a.example } }", "the console needs a host of its own"},
		"a typo":                  {"replica: 2", "replica"},
		"a typo inside":           {"service: { tpye: NodePort }", "tpye"},
		"an unknown database":     {"database: { kind: mysql }", "kind"},
		"a URL of another kind":   {"database: { kind: postgres, postgres: { url: mysql://h/d } }", "url"},
		"a rule secret's name":    {"ruleSecrets: { values: { a-b: c } }", "a-b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			values := chartutil.CoalesceTables(parseValues(t, c.values), parseValues(t, enough))
			_, _, err := render(t, values)
			if err == nil {
				t.Fatalf("the chart takes %s", c.values)
			}
			if !strings.Contains(err.Error(), c.says) {
				t.Errorf("%.200s is refused with:\n%v\nwant: %s", c.values, err, c.says)
			}
		})
	}
	if _, _, err := render(t, parseValues(t, enough)); err != nil {
		t.Errorf("the values that all cases begin with are refused: %v", err)
	}
}
