package privacy_test

import (
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/privacy"
)

// formsOf writes a secret in the ways that other programs do.
func formsOf(t testing.TB, secret string) map[string]string {
	t.Helper()
	quoted, err := json.Marshal(secret)
	if err != nil {
		t.Fatal(err)
	}
	inner := string(quoted[1 : len(quoted)-1])
	twice, err := json.Marshal(string(quoted))
	if err != nil {
		t.Fatal(err)
	}
	forms := map[string]string{
		"as it is": secret, "upper case": strings.ToUpper(secret), "lower case": strings.ToLower(secret), "trimmed": strings.TrimSpace(secret),
		"JSON": inner, "JSON twice": string(twice), "ASCII": strconv.QuoteToASCII(secret), "query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		"lower-case query": lowerPercent(url.QueryEscape(secret)), "query in JSON in a query": url.QueryEscape(`{"a":"` + inner + `"}`),
		"HTML": html.EscapeString(secret), "Slack": strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(secret),
	}
	for name, e := range map[string]*base64.Encoding{
		"base64": base64.StdEncoding, "raw base64": base64.RawStdEncoding, "URL base64": base64.URLEncoding, "raw URL base64": base64.RawURLEncoding,
	} {
		for _, before := range []string{"", "a", "ab", "user:"} {
			for _, after := range []string{"", "z", "zz"} {
				forms[name+" with "+before+" and "+after] = e.EncodeToString([]byte(before + secret + after))
			}
		}
		forms[name+" in a query"] = url.QueryEscape(e.EncodeToString([]byte(secret)))
		forms[name+" of JSON"] = e.EncodeToString(quoted)
	}
	return forms
}

func lowerPercent(s string) string {
	out := []byte(s)
	for i := range out {
		if i >= 1 && out[i-1] == '%' || i >= 2 && out[i-2] == '%' {
			out[i] = strings.ToLower(string(out[i]))[0]
		}
	}
	return string(out)
}

func TestEveryFormOfASecretIsHidden(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{"hunter2-hunter2", `p"a&ss\w<o>rd'/+ %41`, "Pässwörd ünd Schlüssel", "  padded-secret  ", "tab\tand\nline-feed", "%%%%%%%%%%", `\\\\\\\\\\`} {
		gate := privacy.GateFor(secret)
		for name, form := range formsOf(t, secret) {
			text := `before "` + form + `" after`
			got := gate.Text(text)
			if got == text || strings.Contains(got, strings.TrimSpace(secret)) {
				t.Errorf("%q, %s: %s is shown as %s", secret, name, text, got)
			}
			if !strings.HasPrefix(got, "before ") || !strings.HasSuffix(got, "after") {
				t.Errorf("%q, %s: the text around it is gone: %s", secret, name, got)
			}
			raw, err := json.Marshal(map[string]any{form: []any{form, 1, true, nil}})
			if err != nil {
				t.Fatal(err)
			}
			if shown := string(gate.JSON(raw)); !json.Valid([]byte(shown)) || strings.Count(shown, "[redacted]") != 2 || !strings.Contains(shown, ",1,true,null]") {
				t.Errorf("%q, %s: %s is shown as %s", secret, name, raw, shown)
			}
		}
	}
}

func TestJSONStaysTheSameValue(t *testing.T) {
	t.Parallel()
	check := func(gate *privacy.Gate, raw, want string) {
		t.Helper()
		if got := string(gate.JSON(json.RawMessage(raw))); got != want {
			t.Errorf("%s\nis shown as %s\nwant        %s", raw, got, want)
		}
	}
	secret := privacy.GateFor("839201", "true", `","`, "hunter2-hunter2")
	check(secret, `{"pin":839201,"id":18392017,"on":true,"said":"true","trueish":"untrue","list":["a","b"],"key <>":"hunter2-hunter2"}`,
		`{"pin":"[redacted]","id":18392017,"on":true,"said":"[redacted]","trueish":"untrue","list":["a","b"],"key <>":"[redacted]"}`)
	check(secret, `{ "hunter2-hunter2" : 1.50e3 , "a":"\u003c\/" }`, `{ "[redacted]" : 1.50e3 , "a":"\u003c\/" }`)
	check(secret, `{"broken`, `"[redacted]"`)
	check(secret, "", "")
	check(nil, `{"pin":839201}`, `{"pin":839201}`)

	var guest privacy.Secrets
	guest.AddPrivate("true", "200", `","`, "12345", "Ann", "4915112345678", "Jane Doe")
	check(guest.Gate(), `{"status":200,"ok":true,"text":"true, 200, 12345","who":"Ann and Annabel","phone":4915112345678,"other":49151123456789,"name":"JANE DOE's"}`,
		`{"status":200,"ok":true,"text":"true, 200, 12345","who":"[redacted] and Annabel","phone":"[redacted]","other":49151123456789,"name":"[redacted]'s"}`)
}

func TestAddressesOfAList(t *testing.T) {
	t.Parallel()
	var guest privacy.Secrets
	guest.AddPrivate(`Jane Doe <jane@buyer.example>, joe@bücher.example`)
	got := string(guest.Gate().JSON(json.RawMessage(`{"accepted":["JANE@buyer.example","joe@xn--bcher-kva.example","sales@acme.example"],"hello":"Jane Doe"}`)))
	if want := `{"accepted":["[redacted]","[redacted]","sales@acme.example"],"hello":"[redacted]"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhatIsCutShortShowsNoBeginning(t *testing.T) {
	t.Parallel()
	gate := privacy.GateFor("0123456789abcdef0123456789abcdef")
	if got := gate.Text(`"0123456789abcdef…" is not a duration`); strings.Contains(got, "0123") {
		t.Errorf("shown: %s", got)
	}
	raw := json.RawMessage(`{"text":"` + strings.Repeat("x", 80) + `Jane Doe of Acme"}`)
	clipped := (*privacy.Gate)(nil).Clip(raw, 95)
	var guest privacy.Secrets
	guest.AddPrivate("Jane Doe of Acme")
	if !strings.Contains(string(clipped), "Jane D") {
		t.Fatalf("the name is not where the text ends: %s", clipped)
	}
	if got := guest.Gate().JSON(clipped); strings.Contains(string(got), "Jane") || !json.Valid(got) {
		t.Errorf("shown: %s", got)
	}
}

// TestLongAndMany bounds the work by what is to be hidden and looked through,
// and hides everything when that is more than anybody writes.
func TestLongAndMany(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 50_000) + "b"
	gate := privacy.GateFor(long)
	if got := gate.Text("x " + long + " " + long); strings.Contains(got, "aaa") {
		t.Errorf("%d characters of it are shown", strings.Count(got, "a"))
	}
	if got := gate.Text(strings.Repeat("a", 200_000)); strings.Contains(got, "aaa") {
		t.Error("a run of its first letter is shown")
	}
	if got := privacy.GateFor(strings.Repeat(`\`, 5000)).Text(strings.Repeat(`\`, 100_000)); got == "" {
		t.Error("nothing is shown")
	}
	var many privacy.Secrets
	for i := range 20_000 {
		many.AddPrivate("guest number " + strconv.Itoa(i))
	}
	if got := many.Gate().JSON(json.RawMessage(`{"a":"hello"}`)); string(got) != `"[redacted]"` {
		t.Errorf("shown: %s", got)
	}
}

// FuzzJSON looks for a value and a secret that make something else of JSON than
// JSON.
func FuzzJSON(f *testing.F) {
	for _, secret := range []string{"false", "12345", `","`, `":"`, `{"a"`, "hunter2", `\\`, "\xff\xfe\xfd", "%22%22"} {
		f.Add(secret, `{"a":[1,-2.5e3,true,false,null,"12345","false\u0022,\u0022"],"hunter2":{"":"\\\\"}}`)
	}
	f.Add("secret", "[[[\"secret\"]]]")
	f.Fuzz(func(t *testing.T, secret, text string) {
		var private privacy.Secrets
		private.AddPrivate(secret)
		for _, gate := range []*privacy.Gate{privacy.GateFor(secret), private.Gate(), privacy.GateFor(secret).And(private.Gate())} {
			for _, raw := range []string{text, string(mustMarshal(t, []string{text, secret}))} {
				for _, shown := range []json.RawMessage{gate.JSON(json.RawMessage(raw)), gate.Clip(json.RawMessage(raw), 20)} {
					if len(shown) > 0 && !json.Valid(shown) && (gate != nil || json.Valid([]byte(raw))) {
						t.Fatalf("secret %q: %s becomes %s", secret, raw, shown)
					}
				}
			}
		}
	})
}

// FuzzForms writes a secret in the ways that other programs do, and looks for it.
func FuzzForms(f *testing.F) {
	for _, s := range []string{"hunter2-hunter2", `a&b<c>"d"efgh`, "pässwörd", "with space", `back\slash`, "per%cent+plus"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, secret string) {
		trimmed := strings.TrimSpace(secret)
		if privacy.Everyday(secret) || strings.ToValidUTF8(secret, "") != secret || strings.Contains(privacy.Redacted, strings.ToLower(trimmed)) || strings.Contains(privacy.RedactedAddress, strings.ToLower(trimmed)) {
			return
		}
		gate := privacy.GateFor(secret)
		for name, form := range formsOf(t, secret) {
			if name == "upper case" || name == "lower case" || name == "JSON twice" || name == "query in JSON in a query" {
				continue // some letters change for good, and escapes of escapes can be read in two ways
			}
			if got := gate.Text(form); !strings.Contains(got, privacy.Redacted) {
				t.Fatalf("%q, %s: %q became %q", secret, name, form, got)
			}
		}
	})
}

func mustMarshal(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func BenchmarkGate(b *testing.B) {
	gate := privacy.GateFor("xoxb-123456789012-abcdefghijkl", "hunter2-hunter2", "0123456789abcdef0123456789abcdef")
	reply := json.RawMessage(`[` + strings.Repeat(`{"id":7615917337495251000,"name":"Jane & <Doe>","email":"jane@buyer.example","note":"a longer text with several words in it"},`, 40) + `1]`)
	b.SetBytes(int64(len(reply)))
	for b.Loop() {
		gate.JSON(reply)
	}
}
