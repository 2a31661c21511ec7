package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"
	"time"
)

// FuzzHeader looks for a header that panics the parser or that holds although
// it was not made with the secret.
func FuzzHeader(f *testing.F) {
	body := []byte(`{"eventId":"e"}`)
	now := time.Unix(1_800_000_000, 0)
	var all []*verifier
	for _, s := range Schemes() {
		s.Secrets = []Secret{{Value: "c2VjcmV0IHNlY3JldCBzZWNyZXQ="}}
		v, err := newVerifier(s)
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, v)
		h, err := Sign(s, body, now)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(h.Get(s.Header), h.Get("Webhook-Timestamp"), h.Get("Webhook-Id"))
	}
	f.Add(strings.Repeat(",", 100), "-1", "")
	f.Add("t=99999999999999999999,v1="+strings.Repeat("0", 64), "1e9", "id")
	f.Fuzz(func(t *testing.T, value, timestamp, id string) {
		for _, v := range all {
			h := http.Header{v.sig.Header: {value}, "Webhook-Timestamp": {timestamp}, "Webhook-Id": {id}}
			if v.verify(h, body, now) != nil {
				continue
			}
			var sums [maxItems]digest
			n, field := v.parse(value, &sums)
			if v.sig.TimestampField != "" {
				timestamp = field
			}
			text := strings.NewReplacer("{body}", string(body), "{timestamp}", timestamp, "{id}", id).Replace(v.sig.Text)
			raw, err := v.sig.key(v.sig.Secrets[0].Value)
			if err != nil {
				t.Fatal(err)
			}
			want := hmac.New(sha256.New, raw)
			want.Write([]byte(text))
			holds := false
			for _, sum := range sums[:n] {
				holds = holds || string(sum[:v.size]) == string(want.Sum(nil))
			}
			if !holds {
				t.Errorf("scheme %s let %q through", v.sig.Scheme, value)
			}
		}
	})
}
