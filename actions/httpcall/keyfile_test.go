package httpcall_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/actions/outbound"
	"github.com/gavel-rules/gavel/rules/params"
)

// TestKeyFiles names the same key at several places: rules sign with those
// that the operator put where keys may be, and with no other.
func TestKeyFiles(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	allowed, outside := t.TempDir(), t.TempDir()
	write := func(dir, name string, content []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	link := func(to, name string) string {
		t.Helper()
		path := filepath.Join(allowed, name)
		if err := os.Symlink(to, path); err != nil {
			t.Skip(err)
		}
		return path
	}
	own := write(allowed, "tls.pem", block)
	transport := outbound.NewTransport(outbound.Options{})
	t.Cleanup(transport.CloseIdleConnections)
	deps := httpcall.Deps{Transport: transport, KeyFiles: httpcall.KeyFiles{Dirs: []string{allowed}, Never: []string{own}}}
	kinds := params.Kinds{Actions: []params.Kind{httpcall.Kind(deps)}, Connections: []params.ConnectionKind{httpcall.ConnectionKind(deps)}}
	source := func(file string) string {
		return `
connections:
  crm: { kind: http, auth: { jwt_bearer: { token_url: "https://login.crm.example/t", issuer: a, private_key_file: "` + file + `" } } }
rules: [ { name: try, event: "*", actions: [ { http: { connection: crm, url: /x } } ] } ]
`
	}
	good := write(allowed, "crm.pem", block)
	actionstest.Load(t, kinds, source(good), nil)
	actionstest.Load(t, kinds, source(link(good, "link.pem")), nil)
	refused := func(file, want string) {
		t.Helper()
		if got := actionstest.Findings(t, kinds, source(file), nil); !strings.Contains(got, want) {
			t.Errorf("%s: findings do not say %q:\n%s", file, want, got)
		}
	}
	elsewhere := write(outside, "other.pem", block)
	refused(elsewhere, "outside the folders allowed for keys")
	refused(filepath.Join(outside, "none.pem"), "outside the folders allowed for keys")
	refused(filepath.Join(allowed, "..", filepath.Base(outside), "other.pem"), "outside the folders allowed for keys")
	refused(link(elsewhere, "away.pem"), "links to a file outside")
	refused(own, "one of Gavel's own files")
	refused(link(own, "hidden.pem"), "one of Gavel's own files")
	refused(filepath.Join(allowed, "none.pem"), "was not found")
	refused(allowed, "is a folder")
	refused(write(allowed, "huge.pem", make([]byte, 5<<20)), "larger than 4")
}
