package httpcall_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
)

func TestLoadFindings(t *testing.T) {
	t.Parallel()
	noPEM := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(noPEM, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(connection, action, want string) {
		t.Helper()
		got := actionstest.Findings(t, kinds(t), `
connections: { crm: `+connection+` }
rules:
  - { name: try, event: "*", actions: [ { http: `+action+` } ] }
`, nil)
		if !strings.Contains(got, want) {
			t.Errorf("%s %s: findings do not say %q:\n%s", connection, action, want, got)
		}
	}
	const (
		good = `{ kind: http, base_url: "https://crm.example/api" }`
		call = `{ connection: crm, url: /x }`
	)
	check(good, `{ url: /x }`, "no host")
	check(good, `{ connection: crm, url: "https://evil.example/x" }`, `the connection is for "crm.example"`)
	check(good, `{ connection: crm, url: "http://crm.example/x" }`, "the connection is https")
	check(good, `{ connection: crm, url: /x, json: {}, text: a }`, "json is given already")
	check(good, `{ connection: crm, url: /x, method: GET, text: a }`, "GET request has no body")
	check(good, `{ connection: crm, url: /x, expect: [2xx, 9xx] }`, `"9xx" is not a status`)
	check(good, `{ connection: crm, url: /x, headers: { Host: a } }`, "set by gavel itself")
	check(good, `{ connection: crm, url: /x, headers: { "X Y": a } }`, "not a header name")
	check(good, `{ connection: crm, url: /x, method: FETCH }`, "not one of")
	check(`{ kind: http }`, call, "base_url")
	check(`{ kind: http, base_url: crm.example }`, call, "not an http or https address")
	check(`{ kind: http, base_url: "https://a:b@crm.example" }`, call, "auth.basic")
	check(`{ kind: http, base_url: "https://crm.example?x=1" }`, call, "query")
	check(`{ kind: http, base_url: "https://crm.example", instance_url: true }`, call, "needs auth.oauth2")
	check(`{ kind: http, base_url: "https://crm.example", auth: { bearer: abcdef, basic: { username: a, password: b } } }`, call, "only one way to sign in")
	check(`{ kind: http, base_url: "https://crm.example", auth: { bearer: "abc\ndef" } }`, call, "control character")
	check(`{ kind: http, base_url: "https://crm.example", ca_file: "`+noPEM+`" }`, call, "no PEM certificate")
	check(`{ kind: http, auth: { jwt_bearer: { token_url: "https://login.example/t", issuer: a, private_key: nope } } }`, call, "not in PEM form")
	check(`{ kind: http, auth: { oauth2: { token_url: "login", client_id: a, client_secret: b } } }`, call, "not an http or https address")
}
