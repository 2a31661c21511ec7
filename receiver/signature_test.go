package receiver_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/receiver"
)

const secret = "correct horse battery staple"

// whsec is a secret in the form of Standard Webhooks.
func whsec(s string) string { return "whsec_" + base64.StdEncoding.EncodeToString([]byte(s)) }

func secrets(values ...string) []receiver.Secret {
	var out []receiver.Secret
	for _, v := range values {
		out = append(out, receiver.Secret{Value: v})
	}
	return out
}

// TestKnownSignatures pins values that were computed with other tools.
func TestKnownSignatures(t *testing.T) {
	t.Parallel()
	sent := time.Unix(1614265330, 0)
	for name, c := range map[string]struct {
		signature receiver.Signature
		header    http.Header
		body      string
	}{
		// RFC 4231, test case 2.
		"hex": {
			receiver.Signature{Secrets: secrets("Jefe")},
			http.Header{"X-Cirrus-Signature": {"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}},
			"what do ya want for nothing?",
		},
		"hex in upper case": {
			receiver.Signature{Secrets: secrets("Jefe")},
			http.Header{"X-Cirrus-Signature": {"5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843"}},
			"what do ya want for nothing?",
		},
		"base64": {
			receiver.Signature{Encoding: receiver.Base64, Secrets: secrets("Jefe")},
			http.Header{"X-Cirrus-Signature": {"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="}},
			"what do ya want for nothing?",
		},
		"base64 for URLs, not padded": {
			receiver.Signature{Encoding: receiver.Base64, Secrets: secrets("Jefe")},
			http.Header{"X-Cirrus-Signature": {"W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM"}},
			"what do ya want for nothing?",
		},
		// The example of GitHub's documentation.
		"github": {
			receiver.Signature{Scheme: "github", Secrets: secrets("It's a Secret to Everybody")},
			http.Header{"X-Hub-Signature-256": {"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
			"Hello, World!",
		},
		// The example of the Standard Webhooks documentation.
		"standard-webhooks": {
			receiver.Signature{Scheme: "standard-webhooks", Secrets: secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
			http.Header{
				"Webhook-Id": {"msg_p5jXN8AQM9LWM0D4loKWxJek"}, "Webhook-Timestamp": {"1614265330"},
				"Webhook-Signature": {"v1a,abc v1,bm9ldHUjKzFob2VudXRob2VodWUzMjRvdWVvdW9ldQo= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
			},
			`{"test": 2432232314}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := status(t, receiver.Options{Signature: c.signature, Now: func() time.Time { return sent }}, c.header, c.body)
			// These bodies are no events, so a signature that holds gets 400.
			if got != http.StatusBadRequest {
				t.Errorf("status %d, want 400", got)
			}
		})
	}
}

func TestSignAndVerify(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	body := made(t, "evt")
	for _, s := range append(receiver.Schemes(),
		receiver.Signature{Encoding: receiver.Base64},
		receiver.Signature{Header: "x-other", Prefix: "sig:"},
		receiver.Signature{Text: "v0:{timestamp}:{body}", TimestampHeader: "x-sent"},
		receiver.Signature{Text: "{id}{body}{id}", IDHeader: "x-id"},
	) {
		t.Run(fmt.Sprintf("%s %s %q", s.Scheme, s.Header, s.Text), func(t *testing.T) {
			t.Parallel()
			s.Secrets = secrets(whsec("old one"), whsec("new one"))
			signed := s
			signed.Secrets = secrets(whsec("new one"))
			h, err := receiver.Sign(signed, body, now)
			if err != nil {
				t.Fatal(err)
			}
			check := func(why string, at time.Time, h http.Header, body []byte, want int) {
				t.Helper()
				got := status(t, receiver.Options{Signature: s, Now: func() time.Time { return at }}, h, string(body))
				if got != want {
					t.Errorf("%s: status %d, want %d", why, got, want)
				}
			}
			check("as signed", now, h, body, 200)
			check("another body", now, h, append([]byte(" "), body...), 401)
			check("no headers", now, nil, body, 401)
			for name := range h {
				without := h.Clone()
				without.Del(name)
				check("without "+name, now, without, body, 401)
			}
			if strings.Contains(s.Text, "{timestamp}") {
				check("5 minutes later", now.Add(5*time.Minute), h, body, 200)
				check("long after", now.Add(5*time.Minute+time.Second), h, body, 401)
				check("long before", now.Add(-5*time.Minute-time.Second), h, body, 401)
			}
		})
	}
}

func TestSignatureRefused(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	body := made(t, "evt")
	base := receiver.Signature{Secrets: []receiver.Secret{{Value: secret, NotAfter: now}}}
	good, err := receiver.Sign(base, body, now)
	if err != nil {
		t.Fatal(err)
	}
	value := good.Get(receiver.DefaultHeader)
	for name, c := range map[string]struct {
		at     time.Time
		values []string
		want   int
	}{
		"good":            {now, []string{value}, 200},
		"secret expired":  {now.Add(time.Second), []string{value}, 401},
		"twice":           {now, []string{value, value}, 401},
		"empty":           {now, []string{""}, 401},
		"short":           {now, []string{value[:62]}, 401},
		"long":            {now, []string{value + "00"}, 401},
		"odd":             {now, []string{value[:63]}, 401},
		"not hex":         {now, []string{strings.Repeat("z", 64)}, 401},
		"other":           {now, []string{strings.Repeat("0", 64)}, 401},
		"unasked prefix":  {now, []string{"sha256=" + value}, 401},
		"list":            {now, []string{value + "," + value}, 401},
		"very long":       {now, []string{strings.Repeat("0", 8000)}, 401},
		"with white tabs": {now, []string{"\t" + value + " "}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := receiver.Options{Signature: base, Now: func() time.Time { return c.at }}
			if got := status(t, o, http.Header{receiver.DefaultHeader: c.values}, string(body)); got != c.want {
				t.Errorf("status %d, want %d", got, c.want)
			}
		})
	}
}

func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	body := made(t, "evt")
	s := receiver.Signature{Scheme: "t-v1", Secrets: secrets(secret)}
	h, err := receiver.Sign(s, body, now)
	if err != nil {
		t.Fatal(err)
	}
	wrong := ",v1=" + strings.Repeat("0", 64)
	value := h.Get(receiver.DefaultHeader)
	stamp, sig, _ := strings.Cut(value, ",")
	o := receiver.Options{Signature: s, Now: func() time.Time { return now }}
	for n, want := range map[int]int{15: 200, 16: 401} {
		h := http.Header{receiver.DefaultHeader: {stamp + strings.Repeat(wrong, n) + "," + sig}}
		if got := status(t, o, h, string(body)); got != want {
			t.Errorf("after %d wrong signatures: status %d, want %d", n, got, want)
		}
	}
}

func TestSignatureSettingsRefused(t *testing.T) {
	t.Parallel()
	some := secrets(secret)
	for name, c := range map[string]struct {
		options receiver.Options
		want    string
	}{
		"no secret":           {receiver.Options{}, "no signing secret"},
		"both":                {receiver.Options{AcceptUnsigned: true, Signature: receiver.Signature{Secrets: some}}, "unsigned events cannot be accepted"},
		"empty secret":        {sig(receiver.Signature{Secrets: secrets("")}), "secret is empty"},
		"line break":          {sig(receiver.Signature{Secrets: secrets(secret + "\n")}), "white space"},
		"scheme":              {sig(receiver.Signature{Scheme: "x", Secrets: some}), `unknown scheme "x"; use one of body, github`},
		"encoding":            {sig(receiver.Signature{Encoding: "base32", Secrets: some}), `encoding "base32"`},
		"secret as encoding":  {sig(receiver.Signature{Encoding: receiver.SecretText, Secrets: some}), `encoding "text"`},
		"header":              {sig(receiver.Signature{Header: "X Sig:", Secrets: some}), `header "X Sig:"`},
		"no body":             {sig(receiver.Signature{Text: "{timestamp}", Secrets: some}), "must contain {body} once"},
		"body twice":          {sig(receiver.Signature{Text: "{body}{body}", Secrets: some}), "must contain {body} once"},
		"timestamp unsigned":  {sig(receiver.Signature{TimestampHeader: "X-Sent", Secrets: some}), "must have {timestamp}"},
		"timestamp nowhere":   {sig(receiver.Signature{Text: "{timestamp}{body}", Secrets: some}), "must have {timestamp}"},
		"id unsigned":         {sig(receiver.Signature{IDHeader: "X-Id", Secrets: some}), "must have {id}"},
		"two timestamps":      {sig(receiver.Signature{TimestampHeader: "X-Sent", TimestampField: "t=", Separator: ",", Text: "{timestamp}{body}", Secrets: some}), "not in both"},
		"field, no separator": {sig(receiver.Signature{TimestampField: "t=", Text: "{timestamp}{body}", Secrets: some}), "needs a separator"},
		"secret not base64":   {sig(receiver.Signature{Scheme: "standard-webhooks", Secrets: some}), "is not base64"},
		"secret not hex":      {sig(receiver.Signature{SecretEncoding: receiver.Hex, Secrets: some}), "is not hex"},
		"secret encoding":     {sig(receiver.Signature{SecretEncoding: "rot13", Secrets: some}), `secret encoding "rot13"`},
		"path":                {receiver.Options{AcceptUnsigned: true, Path: "hooks"}, `path "hooks"`},
		"path with a pattern": {receiver.Options{AcceptUnsigned: true, Path: "/{x}"}, `path "/{x}"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := receiver.New(c.options, taker(nil))
			if !errors.Is(err, event.ErrInvalid) || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error is %v; want ErrInvalid saying %q", err, c.want)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
	expired := receiver.Signature{Secrets: []receiver.Secret{{Value: secret, NotAfter: time.Unix(1, 0)}}}
	if _, err := receiver.Sign(expired, nil, time.Unix(2, 0)); err == nil {
		t.Error("Sign used an expired secret")
	}
}

func sig(s receiver.Signature) receiver.Options { return receiver.Options{Signature: s} }

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	s := receiver.Signature{Secrets: secrets(secret)}
	asJSON, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), string(asJSON)} {
		if strings.Contains(text, secret) {
			t.Errorf("the secret is in %s", text)
		}
	}
}
