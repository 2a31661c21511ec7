package docs_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
	"github.com/gavel-rules/gavel/receiver"
)

// row is a line of a table: its cells without backticks.
type row []string

// tableBelow returns the rows of the table below a heading.
func tableBelow(t *testing.T, d document, heading string) []row {
	t.Helper()
	_, part, found := strings.Cut(d.text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no heading %q", d.path, heading)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	var rows []row
	for line := range strings.Lines(part) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		var cells row
		for cell := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.Trim(strings.TrimSpace(cell), "`"))
		}
		rows = append(rows, cells)
	}
	if len(rows) < 2 {
		t.Fatalf("%s: there is no table below %q", d.path, heading)
	}
	return rows[1:]
}

// TestAnswers provokes the documented answers of the receiver, as far as a
// test can, and compares status and body.
func TestAnswers(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Args: []string{"--max-body", "4096"}})
	signed := func(body []byte) *http.Request {
		return request(t, http.MethodPost, p.URL+testkit.ReceiverPath, body, true)
	}
	sample := testkit.Sample(t, event.TypeWebhookTest, "answers")
	tries := []*http.Request{
		signed(sample), signed(sample), signed([]byte(`{"eventId":"e"}`)),
		request(t, http.MethodPost, p.URL+testkit.ReceiverPath, sample, false),
		request(t, http.MethodPost, p.URL+"/elsewhere", sample, true),
		request(t, http.MethodGet, p.URL+testkit.ReceiverPath, nil, false),
		signed(bytes.Repeat([]byte("x"), 5000)),
	}
	text := signed(sample)
	text.Header.Set("Content-Type", "text/plain")
	tries = append(tries, text)

	got := map[string]bool{}
	documented := tableBelow(t, readDocument(t, "docs/operating.md"), "Responses")
	for _, req := range tries {
		res, err := p.Client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		known := false
		for _, r := range documented {
			if r[0] == strconv.Itoa(res.StatusCode) && matches(r[1], string(body)) {
				known, got[r[0]+r[1]] = true, true
			}
		}
		if !known {
			t.Errorf("%s %s is answered %d %s, which the table does not tell", req.Method, req.URL.Path, res.StatusCode, body)
		}
	}
	hard := map[string]bool{"408": true, "500": true, "503": true}
	for _, r := range documented {
		if !hard[r[0]] && !got[r[0]+r[1]] {
			t.Errorf("nothing was answered %s %s, which the table tells", r[0], r[1])
		}
	}
}

func request(t *testing.T, method, url string, body []byte, sign bool) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if sign {
		req.Header.Set(testkit.SignatureHeader, testkit.Sign(testkit.Secret, body))
	}
	return req
}

// TestPathsOfTheSecondAddress asks for every documented path that is written
// out.
func TestPathsOfTheSecondAddress(t *testing.T) {
	t.Parallel()
	// Metrics of a connection exist once it has been used, those of failing runs
	// once one fails, and those of pauses once something is paused.
	api := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(api.Close)
	p := testkit.Start(t, testkit.Serve{Args: []string{"--backup-to", t.TempDir()}, Rules: "connections: { api: { kind: http, base_url: \"" + api.URL + "\" }, idle: { kind: http, base_url: \"" + api.URL + "\" } }\n" +
		"rules:\n" +
		"  - { name: call, event: \"*\", actions: [{ http: { connection: api, url: /, expect: [404] } }] }\n" +
		"  - { name: fail, event: \"*\", actions: [{ http: { connection: api, url: / } }] }\n"})
	for _, r := range tableBelow(t, readDocument(t, "docs/operating.md"), "The console address") {
		method, path, named := strings.Cut(r[0], " ")
		if !named {
			method, path = http.MethodGet, r[0]
		}
		paths := []string{path}
		if strings.Contains(path, "…") {
			paths = regexp.MustCompile(`/api/v1/[\w.]+`).FindAllString(r[1], -1)
		}
		for _, path := range paths {
			req, err := http.NewRequestWithContext(t.Context(), method, p.Console+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := p.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				t.Errorf("%s %s is answered %d", method, path, res.StatusCode)
			}
		}
	}
	checkMetrics(t, p)
}

// checkMetrics looks up the metrics that the documents name.
func checkMetrics(t *testing.T, p *testkit.Process) {
	t.Helper()
	p.MustPost(testkit.Sample(t, event.TypeWebhookTest, "metrics"))
	paused, err := p.Client.Do(request(t, http.MethodPost, p.Console+"/api/v1/connections/idle/pause", []byte("{}"), false))
	if err != nil || paused.StatusCode != http.StatusOK {
		t.Fatalf("pause a connection: %v %v", paused, err)
	}
	paused.Body.Close()
	var text string
	testkit.Eventually(t, "the run of the sample has ended", func() bool {
		res, err := p.Client.Get(p.Console + "/metrics")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		text = string(body)
		return err == nil && strings.Contains(text, `gavel_runs_total{outcome="succeeded"`) && strings.Contains(text, "gavel_failing_runs{") && strings.Contains(text, "gavel_paused{")
	})
	for _, d := range documents(t) {
		for _, span := range codeSpans(d) {
			if regexp.MustCompile(`^gavel_[a-z_]+[a-z]$`).MatchString(span) && !strings.Contains(text, "\n"+span) {
				t.Errorf("%s: there is no metric %s", d.path, span)
			}
		}
	}
}

// TestExitCodes provokes each documented exit code.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := "sqlite:" + dir + "/gavel.db"
	p := testkit.Start(t, testkit.Serve{Database: db})
	p.Stop()
	calls := map[string][]string{
		"0": {"version"},
		"1": {"check", dir},
		"2": {"serve", "--no-such-flag"},
		"3": {"events", "show", "nobody", "--database", db},
	}
	for _, r := range tableBelow(t, readDocument(t, "docs/operating.md"), "Exit codes") {
		args, known := calls[r[0]]
		if !known {
			t.Errorf("exit code %s is documented, and the test does not know how to get it", r[0])
			continue
		}
		delete(calls, r[0])
		if got := testkit.Gavel(t, args...); strconv.Itoa(got.Code) != r[0] {
			t.Errorf("gavel %v: exit code %d, want %s\n%s", args, got.Code, r[0], got.Stderr)
		}
	}
	for code := range calls {
		t.Errorf("exit code %s is not documented", code)
	}
}

// TestSignatureExample holds the digests of the worked example to its body
// and secret, and the settings of the table to what finds them.
func TestSignatureExample(t *testing.T) {
	t.Parallel()
	d := readDocument(t, "docs/operating.md")
	example := regexp.MustCompile("the body `([^`]+)` under the secret `([^`]+)` has\n\n```text\nhex +(\\S+)\nbase64 +(\\S+)\n").FindStringSubmatch(d.text)
	if example == nil {
		t.Fatal("the worked example of a signature is not there")
	}
	body, secret := []byte(example[1]), example[2]
	for i, want := range []receiver.Encoding{receiver.Hex, receiver.Base64} {
		h := http.Header{"X-Some-Header": {example[3+i]}}
		found := receiver.Detect(secret, h, body)
		if len(found) == 0 || found[0].Encoding != want || found[0].Header != "X-Some-Header" {
			t.Errorf("%s: found %+v", example[3+i], found)
		}
	}
	if strings.Count(d.text, receiver.DefaultHeader) == 0 || !strings.Contains(d.text, receiver.DefaultPath) {
		t.Error("the default header and path are not named")
	}
	for _, s := range receiver.Schemes()[1:] {
		if !strings.Contains(d.text, "`--signature-scheme "+s.Scheme+"`") {
			t.Errorf("scheme %s is not in the table", s.Scheme)
		}
	}
}
