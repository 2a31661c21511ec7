package receiver_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/receiver"
)

func TestDetect(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	body := made(t, "evt")
	for name, c := range map[string]struct {
		signature receiver.Signature
		secret    string
		want      receiver.Signature
	}{
		"default": {
			receiver.Signature{}, secret,
			receiver.Signature{Scheme: "body", Header: "X-Cirrus-Signature", Encoding: "hex", Text: "{body}", SecretEncoding: "text"},
		},
		"base64 with a prefix": {
			receiver.Signature{Header: "X-Sig", Encoding: "base64", Prefix: "hmac "}, secret,
			receiver.Signature{Scheme: "body", Header: "X-Sig", Encoding: "base64", Prefix: "hmac ", Text: "{body}", SecretEncoding: "text"},
		},
		"github": {
			receiver.Signature{Scheme: "github"}, secret,
			receiver.Signature{Scheme: "body", Header: "X-Hub-Signature-256", Encoding: "hex", Prefix: "sha256=", Text: "{body}", SecretEncoding: "text"},
		},
		"SHA-1": {
			receiver.Signature{Hash: receiver.SHA1, Prefix: "sha1="}, secret,
			receiver.Signature{Scheme: "body", Header: "X-Cirrus-Signature", Encoding: "hex", Hash: "sha1", Prefix: "sha1=", Text: "{body}", SecretEncoding: "text"},
		},
		"SHA-384": {
			receiver.Signature{Hash: receiver.SHA384, Encoding: "base64"}, secret,
			receiver.Signature{Scheme: "body", Header: "X-Cirrus-Signature", Encoding: "base64", Hash: "sha384", Text: "{body}", SecretEncoding: "text"},
		},
		"SHA-512 of a scheme": {
			receiver.Signature{Scheme: "t-v1", Hash: receiver.SHA512}, secret,
			receiver.Signature{
				Scheme: "t-v1", Header: "X-Cirrus-Signature", Encoding: "hex", Hash: "sha512", Separator: ",", Prefix: "v1=", TimestampField: "t=",
				Text: "{timestamp}.{body}", SecretEncoding: "text",
			},
		},
		"key in base64": {
			receiver.Signature{SecretEncoding: "base64"}, "c2VjcmV0c2VjcmV0",
			receiver.Signature{Scheme: "body", Header: "X-Cirrus-Signature", Encoding: "hex", Text: "{body}", SecretEncoding: "base64"},
		},
		"timestamp in a header": {
			receiver.Signature{TimestampHeader: "X-Sent", Text: "{timestamp}:{body}"}, secret,
			receiver.Signature{Scheme: "body", Header: "X-Cirrus-Signature", Encoding: "hex", TimestampHeader: "X-Sent", Text: "{timestamp}:{body}", SecretEncoding: "text"},
		},
		"t-v1": {
			receiver.Signature{Scheme: "t-v1", Header: "X-Sig"}, secret,
			receiver.Signature{
				Scheme: "t-v1", Header: "X-Sig", Encoding: "hex", Separator: ",", Prefix: "v1=", TimestampField: "t=",
				Text: "{timestamp}.{body}", SecretEncoding: "text",
			},
		},
		"standard webhooks under another name": {
			receiver.Signature{Scheme: "standard-webhooks", Header: "Acme-Signature", IDHeader: "Acme-Id", TimestampHeader: "Acme-Timestamp"}, whsec("key"),
			receiver.Signature{
				Scheme: "standard-webhooks", Header: "Acme-Signature", Encoding: "base64", Separator: " ", Prefix: "v1,",
				IDHeader: "Acme-Id", TimestampHeader: "Acme-Timestamp", Text: "{id}.{timestamp}.{body}",
				SecretPrefix: "whsec_", SecretEncoding: "base64",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.signature.Secrets = secrets(c.secret)
			h, err := receiver.Sign(c.signature, body, now)
			if err != nil {
				t.Fatal(err)
			}
			h.Set("User-Agent", "Sender/1.0")
			h.Set("X-Request-Start", "1699999999")
			want := []receiver.Signature{c.want}
			if diff := cmp.Diff(want, receiver.Detect(c.secret, h, body)); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, receiver.Detect(c.secret, h, append(body[:len(body):len(body)], '\r', '\n'))); diff != "" {
				t.Errorf("with a line break at the end (-want +got):\n%s", diff)
			}
			if got := receiver.Detect("another", h, body); got != nil {
				t.Errorf("another secret fits: %+v", got)
			}
			found := receiver.Detect(c.secret, h, body)
			if len(found) != 1 {
				t.Fatal("nothing found")
			}
			found[0].Secrets = secrets(c.secret)
			if got := status(t, receiver.Options{Signature: found[0], Now: func() time.Time { return now }}, h, string(body)); got != 200 {
				t.Errorf("the settings found give status %d", got)
			}
		})
	}
}
