package deploy

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// consoleToken is the token of the console behind the proxies.
const consoleToken = "token-behind-a-proxy"

// behind is a Gavel with a proxy in front of it.
type behind struct {
	*testkit.Process
	base string // of the proxy: https://127.0.0.1:port
	ca   string // PEM file with its certificate
}

// sendsAs is the address that senders of these tests have; the proxy itself is
// at 127.0.0.1.
const sendsAs = "127.0.0.9"

// newBehind starts Gavel and a proxy with one of the files of deploy/proxy, in
// which only the addresses and the certificate are replaced.
func newBehind(t *testing.T, start func(t *testing.T, b *behind, cert, key string), args ...string) *behind {
	t.Helper()
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"no queue"}`, http.StatusUnprocessableEntity)
	}))
	t.Cleanup(target.Close)
	b := &behind{Process: testkit.Start(t, testkit.Serve{
		Rules: strings.Replace(consoleRules, "TARGET", target.URL, 1),
		Args:  append([]string{"--console-token", consoleToken, "--trusted-proxies", "127.0.0.1"}, args...),
	})}
	dir := t.TempDir()
	b.ca = filepath.Join(dir, "cert.pem")
	key := filepath.Join(dir, "key.pem")
	cert, private, err := standin.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string][]byte{b.ca: cert, key: private} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, b, b.ca, key)
	client := b.client(t)
	testkit.Eventually(t, "the proxy answers", func() bool {
		res, err := client.Get(b.base + "/gavel/-/ready")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return b
}

// client returns a client that trusts the proxy and comes from sendsAs.
func (b *behind) client(t *testing.T) *http.Client {
	t.Helper()
	pem, err := os.ReadFile(b.ca)
	if err != nil {
		t.Fatal(err)
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: trusted},
		DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(sendsAs)}}).DialContext,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Jar: jar, Timeout: 60 * time.Second}
}

// configured returns the file of deploy/proxy with addresses in place of those of
// the example.
func configured(t *testing.T, name string, replace ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../../deploy/proxy", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("deploy/proxy/%s has no %q", name, replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	return text
}

// background starts a program that ends with the test.
func background(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // ends by the signal
		if t.Failed() {
			t.Logf("log of %s:\n%s", filepath.Base(cmd.Path), log.String())
		}
	})
}

func startNginx(t *testing.T, b *behind, cert, key string) {
	t.Helper()
	nginx, dir, address := testkit.Nginx(t), t.TempDir(), testkit.FreeAddresses(t, 1)[0]
	site := configured(t, "nginx.conf", "listen 443 ssl", "listen "+address+" ssl",
		"server 127.0.0.1:8080", "server "+strings.TrimPrefix(b.URL, "http://"), "server 127.0.0.1:8081", "server "+strings.TrimPrefix(b.Console, "http://"),
		"/etc/ssl/hooks.acme.example.crt", cert, "/etc/ssl/hooks.acme.example.key", key)
	around := "daemon off;\npid " + dir + "/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
	if os.Geteuid() == 0 {
		around = "user root;\n" + around // its workers could not read the folder
	}
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		around += kind + "_temp_path " + filepath.Join(dir, kind) + ";\n"
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(config, []byte(around+site+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.base = "https://" + address
	background(t, exec.Command(nginx, "-p", dir, "-e", "stderr", "-c", config))
}

// startCaddy has the change made to the example, as an administrator may.
func startCaddy(change ...string) func(t *testing.T, b *behind, cert, key string) {
	return func(t *testing.T, b *behind, cert, key string) {
		t.Helper()
		caddy, dir, address := testkit.Caddy(t), t.TempDir(), testkit.FreeAddresses(t, 1)[0]
		config := filepath.Join(dir, "Caddyfile")
		site := configured(t, "Caddyfile", append([]string{
			"hooks.acme.example {", "https://" + address + " {\n\tbind 127.0.0.1\n\ttls " + cert + " " + key,
			"127.0.0.1:8080", strings.TrimPrefix(b.URL, "http://"), "127.0.0.1:8081", strings.TrimPrefix(b.Console, "http://"),
		}, change...)...)
		if err := os.WriteFile(config, []byte("{\n\tadmin off\n\tauto_https off\n}\n"+site), 0o600); err != nil {
			t.Fatal(err)
		}
		b.base = "https://" + address
		cmd := exec.Command(caddy, "run", "--config", config, "--adapter", "caddyfile")
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
		background(t, cmd)
	}
}

// proxies are those that Debian has. Caddy can remove the prefix too.
func proxies() map[string]func(*testing.T, *behind, string, string) {
	return map[string]func(*testing.T, *behind, string, string){
		"nginx": startNginx, "caddy": startCaddy(), "caddy without prefix": startCaddy("handle @console {", "handle @console {\n\t\turi strip_prefix /gavel"),
	}
}

func TestBehindAProxy(t *testing.T) {
	t.Parallel()
	for name, start := range proxies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBehind(t, start, "--console-prefix", "/gavel")
			b.checkWebhook(t)
			b.fill(t)
			b.checkSignIn(t)
			b.checkPages(t)
			b.checkLive(t)
			b.checkAPI(t)
		})
	}
}

// checkWebhook: signed events pass unchanged, large ones too, and Gavel knows
// who sent them.
func (b *behind) checkWebhook(t *testing.T) {
	t.Helper()
	client := b.client(t)
	post := func(body []byte, want int) {
		t.Helper()
		a, err := testkit.Post(t, client, b.base, testkit.Secret, body)
		if err != nil || a.Code != want {
			t.Errorf("an event of %d bytes: %v %d %.200s, want %d", len(body), err, a.Code, a.Body, want)
		}
	}
	spaced := append([]byte("\r\n\t "), testkit.Sample(t, event.TypeScheduled, "through-a-proxy", "meeting.meetingInfo.meetingName", "Ünïcödé \u2028 \\u0000")...)
	post(spaced, http.StatusOK)
	large := testkit.Sample(t, event.TypeWebhookTest, "large")
	large = append(large, bytes.Repeat([]byte(" "), 1<<20-len(large))...)
	post(large, http.StatusOK)
	post(append(large, ' '), http.StatusRequestEntityTooLarge)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.base+testkit.ReceiverPath, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Forwarded-For", "203.0.113.7") // what the sender writes itself
	req.Header.Set(testkit.SignatureHeader, testkit.Sign("wrong", nil))
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusUnauthorized {
		t.Errorf("a forged event: %d", res.StatusCode)
	}
	testkit.Eventually(t, "the sender is in the log", func() bool { return strings.Contains(b.Log(), "remote="+sendsAs+":") })
	if strings.Contains(b.Log(), "203.0.113.7") {
		t.Error("the address that the sender has made up is in the log")
	}
}

func (b *behind) checkSignIn(t *testing.T) {
	t.Helper()
	client := b.client(t)
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	do := func(method, path, form string, want int) *http.Response {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, b.base+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		req.Header.Set("Origin", b.base)
		if form != "" {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s %s: %d, want %d", method, path, res.StatusCode, want)
		}
		return res
	}
	if to := do(http.MethodGet, "/gavel/events?since=24h", "", http.StatusSeeOther).Header.Get("Location"); to != "/gavel/login?next=%2Fevents%3Fsince%3D24h" {
		t.Errorf("who is not signed in is sent to %s", to)
	}
	res := do(http.MethodPost, "/gavel/login", url.Values{"token": {consoleToken}, "next": {"/events?since=24h"}}.Encode(), http.StatusSeeOther)
	if to := res.Header.Get("Location"); to != "/gavel/events?since=24h" {
		t.Errorf("after the sign-in: %s", to)
	}
	if c := res.Cookies(); len(c) != 1 || c[0].Path != "/gavel" || !c[0].Secure || !c[0].HttpOnly {
		t.Errorf("the cookie is %v", c)
	}
	do(http.MethodGet, "/gavel/events", "", http.StatusOK)
	if to := do(http.MethodPost, "/gavel/logout", "x=1", http.StatusSeeOther).Header.Get("Location"); to != "/gavel/login" {
		t.Errorf("after the sign-out: %s", to)
	}
	do(http.MethodGet, "/gavel/events", "", http.StatusSeeOther)
	if outside := do(http.MethodGet, "/events", "", http.StatusNotFound); outside.Header.Get("Location") != "" {
		t.Error("the console is outside of its prefix too")
	}
}

// checkLive: an event is shown at once, not when the response ends.
func (b *behind) checkLive(t *testing.T) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.base+"/gavel/live/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+consoleToken)
	res, err := b.client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	rows := make(chan string)
	go func() {
		defer close(rows)
		for lines := bufio.NewScanner(res.Body); lines.Scan(); {
			if strings.Contains(lines.Text(), "seen-live") {
				rows <- lines.Text()
				return
			}
		}
	}()
	b.MustPost(testkit.Sample(t, event.TypeWebhookTest, "seen-live"))
	if row := <-rows; !strings.Contains(row, `href="/gavel/events/seen-live"`) {
		t.Errorf("the live row is %q", row)
	}
}

// checkAPI asks through the proxy with the command line.
func (b *behind) checkAPI(t *testing.T) {
	t.Helper()
	out := testkit.Gavel(t, "events", "list", "--server", b.base+"/gavel", "--server-token", consoleToken, "--server-ca", b.ca)
	if out.Code != 0 || !strings.Contains(out.Stdout, "seen-live") {
		t.Errorf("events list --server: %d\n%s%s", out.Code, out.Stdout, out.Stderr)
	}
	get := func(path string) (int, string) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+consoleToken)
		res, err := b.client(t).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	if code, text := get(b.base + "/gavel/api/v1/openapi.yaml"); code != http.StatusOK || !strings.Contains(text, "\nservers: [{ url: /gavel/ }]\n") {
		t.Errorf("the description of the API: %d, its servers are not below the prefix", code)
	}
	for _, base := range []string{b.base + "/gavel", b.Console + "/gavel", b.Console} {
		for _, path := range []string{"/-/healthy", "/-/ready", "/metrics"} {
			if code, _ := get(base + path); code != http.StatusOK {
				t.Errorf("%s%s: %d", base, path, code)
			}
		}
	}
}
