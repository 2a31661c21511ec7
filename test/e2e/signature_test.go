package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// deliver posts body with exactly these headers, besides the content type.
func deliver(t testing.TB, p *testkit.Process, body []byte, header http.Header) testkit.Answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.URL+testkit.ReceiverPath, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, values := range header {
		if req.Header[name] = values; values[0] == "" {
			delete(req.Header, name)
		}
	}
	res, err := p.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return testkit.Answer{Code: res.StatusCode, Header: res.Header, Body: string(text)}
}

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// inBase64 writes a signature in base64 instead of hex.
func inBase64(signature string) string {
	raw, err := hex.DecodeString(signature)
	if err != nil {
		return err.Error()
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// way is one way to sign: how serve is told, and headers that hold or do not.
type way struct {
	name string
	args []string
	good func(body []byte) []http.Header
	bad  func(body []byte) []http.Header
}

const firstSecret, secondSecret = "first-secret", "second-secret"

func signedInHex() way {
	const name = testkit.SignatureHeader
	return way{
		name: "hex and two secrets",
		good: func(body []byte) []http.Header {
			return []http.Header{
				header(name, testkit.Sign(firstSecret, body)),
				header(name, testkit.Sign(secondSecret, body)),
				header(name, strings.ToUpper(testkit.Sign(firstSecret, body))),
				header(strings.ToLower(name), testkit.Sign(firstSecret, body)),
			}
		},
		bad: func(body []byte) []http.Header {
			right := testkit.Sign(firstSecret, body)
			return []http.Header{
				{},
				header(name, ""),
				header(name, testkit.Sign("third-secret", body)),
				header(name, testkit.Sign(firstSecret+","+secondSecret, body)),
				header(name, testkit.Sign(firstSecret, append(bytes.Clone(body), ' '))),
				header(name, testkit.Sign("", body)),
				header(name, right[:len(right)-1]),
				header(name, right[:2]),
				header(name, right+"00"),
				header(name, right[:len(right)-1]+"g"),
				header(name, strings.Repeat("0", len(right))),
				header(name, strings.Repeat("z", len(right))),
				header(name, strings.Repeat("f", 8000)),
				header(name, "sha256="+right),
				header(name, inBase64(right)),
				header(name, right, name, right),
				header("X-Hub-Signature-256", right),
				header("Authorization", right),
			}
		},
	}
}

func signedInBase64() way {
	const name = "X-Acme-Digest"
	return way{
		name: "base64 with a prefix in another header",
		args: []string{"--signature-encoding", "base64", "--signature-prefix", "sha256=", "--signature-header", name},
		good: func(body []byte) []http.Header {
			digest := inBase64(testkit.Sign(firstSecret, body))
			return []http.Header{
				header(name, "sha256="+digest),
				header(name, "sha256="+strings.TrimRight(digest, "=")),
				header(name, "sha256="+inBase64(testkit.Sign(secondSecret, body))),
			}
		},
		bad: func(body []byte) []http.Header {
			digest := inBase64(testkit.Sign(firstSecret, body))
			return []http.Header{
				{},
				header(name, digest),
				header(name, "sha256=sha256="+digest),
				header(name, "sha1="+digest),
				header(name, "sha256="+testkit.Sign(firstSecret, body)),
				header(testkit.SignatureHeader, "sha256="+digest),
			}
		},
	}
}

func signedWithMoment() way {
	const name, past = testkit.SignatureHeader, "1600000000"
	now := strconv.FormatInt(time.Now().Unix(), 10)
	return way{
		name: "a signed moment",
		args: []string{"--signature-scheme", "t-v1"},
		good: func(body []byte) []http.Header {
			sum := testkit.Sign(secondSecret, []byte(now+"."+string(body)))
			return []http.Header{
				header(name, "t="+now+",v1="+sum),
				header(name, "t="+now+",v0=00,v1=00,v1="+sum),
			}
		},
		bad: func(body []byte) []http.Header {
			return []http.Header{
				{},
				header(name, "v1="+testkit.Sign(firstSecret, body)),
				header(name, "t="+now+",v1="+testkit.Sign(firstSecret, body)),
				header(name, "t="+past+",v1="+testkit.Sign(firstSecret, []byte(past+"."+string(body)))),
				header(name, "t=,v1="+testkit.Sign(firstSecret, []byte("."+string(body)))),
			}
		},
	}
}

// TestSignatures sends good and forged events to a process for each way to
// sign. Every forgery gets the same answer, byte for byte, whatever is wrong
// with it, and none is stored.
func TestSignatures(t *testing.T) {
	t.Parallel()
	for _, w := range []way{signedInHex(), signedInBase64(), signedWithMoment()} {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			p := testkit.Start(t, testkit.Serve{Secret: firstSecret + "\n" + secondSecret, Args: w.args})
			want := map[string]bool{}
			for i := range w.good([]byte("{}")) {
				id := fmt.Sprintf("good-%d", i)
				body := testkit.Sample(t, event.TypeScheduled, id)
				if a := deliver(t, p, body, w.good(body)[i]); a.Code != http.StatusOK {
					t.Errorf("good signature %d: %d %s", i, a.Code, a.Body)
				}
				want[id] = true
			}
			for i := range w.bad([]byte("{}")) {
				body := testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("forged-%d", i))
				a := deliver(t, p, body, w.bad(body)[i])
				if a.Code != http.StatusUnauthorized || a.Body != `{"error":"invalid signature"}` {
					t.Errorf("forgery %d was answered %d %s", i, a.Code, a.Body)
				}
				a.Header.Del("Date")
				if diff := cmp.Diff(forgeryHeader(len(a.Body)), a.Header); diff != "" {
					t.Errorf("headers of the answer to forgery %d (-want +got):\n%s", i, diff)
				}
			}
			if diff := cmp.Diff(want, listEvents(t, p)); diff != "" {
				t.Errorf("stored events (-want +got):\n%s", diff)
			}
			if log := p.Log(); strings.Contains(log, firstSecret) || strings.Contains(log, secondSecret) || !strings.Contains(log, "reason=signature") {
				t.Error("the log shows a secret, or does not tell of the forgeries")
			}
		})
	}
}

func forgeryHeader(length int) http.Header {
	return http.Header{
		"Content-Type": {"application/json"}, "X-Content-Type-Options": {"nosniff"}, "Content-Length": {strconv.Itoa(length)},
	}
}
