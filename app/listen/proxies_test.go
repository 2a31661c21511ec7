package listen

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestProxies(t *testing.T) {
	t.Parallel()
	p := Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	check := func(peer, want string, forwarded ...string) {
		t.Helper()
		got := ""
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr, r.Header["X-Forwarded-For"] = peer, forwarded
		p.InFront(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RemoteAddr })).ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("from %s, forwarded for %q: %s, want %s", peer, forwarded, got, want)
		}
	}
	check("192.0.2.9:4444", "192.0.2.9:4444", "198.51.100.7") // no proxy of ours
	check("10.1.1.1:80", "198.51.100.7:0", "198.51.100.7")
	check("10.1.1.1:80", "198.51.100.7:0", "203.0.113.1, 198.51.100.7") // the first was made up
	check("10.1.1.1:80", "198.51.100.7:0", "203.0.113.1", "198.51.100.7, 10.2.2.2")
	check("[fd00::1]:80", "[2001:db8::7]:0", "2001:db8::7")
	check("[::ffff:10.1.1.1]:80", "198.51.100.7:0", "::ffff:198.51.100.7")
	check("10.1.1.1:80", "198.51.100.7:0", "198.51.100.7:51234")
	check("10.1.1.1:80", "198.51.100.7:0", "203.0.113.1:1, 198.51.100.7:51234, 10.2.2.2:80")
	check("10.1.1.1:80", "[2001:db8::7]:0", "[2001:db8::7]:51234")
	check("10.1.1.1:80", "[2001:db8::7]:0", "\"[2001:db8::7]:51234\"")
	check("10.1.1.1:80", "[2001:db8::7]:0", "[2001:db8::7]")
	check("10.1.1.1:80", "10.1.1.1:80", "198.51.100.7:http")
	check("10.1.1.1:80", "10.1.1.1:80", "unknown")
	check("10.1.1.1:80", "10.1.1.1:80", "198.51.100.7, <script>")
	check("10.1.1.1:80", "10.1.1.1:80")
	check("10.1.1.1:80", "10.1.1.1:80", "10.3.3.3")
}
