package receiver

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"net/textproto"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
)

// Signature describes how requests are signed: an HMAC with a shared secret
// over a text that contains the raw body. Empty fields are filled from Scheme,
// so the zero value plus a secret is the default: HMAC-SHA256 over the body, as
// hex in X-Cirrus-Signature.
type Signature struct {
	// Scheme names one of Schemes; the first one when empty.
	Scheme string
	// Header contains the signature, or a list of them.
	Header string
	// Encoding of the signature.
	Encoding Encoding
	// Hash of the HMAC; SHA256 when empty.
	Hash Hash
	// Prefix of each signature ("sha256=", "v1,"); items without it are
	// ignored.
	Prefix string
	// Separator between the items of the header; empty when there is only one.
	Separator string
	// Text is what is signed: {body} and, if the fields below are set,
	// {timestamp} and {id}.
	Text string
	// TimestampHeader contains the time of sending in Unix seconds or
	// milliseconds; TimestampField is the prefix of an item of Header that
	// contains it. At most one of them is set.
	TimestampHeader, TimestampField string
	// IDHeader contains the id of the message.
	IDHeader string
	// Tolerance is how far the timestamp may be from now: 5 minutes when 0;
	// no limit when negative.
	Tolerance time.Duration
	// SecretPrefix is removed from a secret that has it. SecretEncoding is the
	// encoding of the key in the secret; SecretText when empty.
	SecretPrefix   string
	SecretEncoding Encoding
	// Secrets are all tried, so that they can be rotated.
	Secrets []Secret
}

// Hash names a hash function.
type Hash string

// The hash functions, in the order in which Detect tries them.
const (
	SHA256 Hash = "sha256"
	SHA1   Hash = "sha1"
	SHA512 Hash = "sha512"
	SHA384 Hash = "sha384"
)

// Hashes lists them.
func Hashes() []Hash { return []Hash{SHA256, SHA1, SHA512, SHA384} }

// maker returns the hash's constructor and size in bytes; nil if h is unknown.
func (h Hash) maker() (fresh func() hash.Hash, size int) {
	switch h {
	case SHA256, "":
		return sha256.New, sha256.Size
	case SHA1:
		return sha1.New, sha1.Size
	case SHA384:
		return sha512.New384, sha512.Size384
	case SHA512:
		return sha512.New, sha512.Size
	}
	return nil, 0
}

// Encoding is a way to write bytes as text.
type Encoding string

// The encodings. Hex is read in either case, base64 with or without padding
// and in the URL alphabet too. SecretText is for secrets alone.
const (
	Hex        Encoding = "hex"
	Base64     Encoding = "base64"
	SecretText Encoding = "text"
)

// Secret is a signing secret. It prints as [redacted].
type Secret struct {
	Value string
	// NotAfter is when it stops being accepted; never when zero.
	NotAfter time.Time
}

const redacted = "[redacted]"

// String hides the secret.
func (Secret) String() string { return redacted }

// GoString hides the secret.
func (Secret) GoString() string { return redacted }

// MarshalText hides the secret.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// DefaultHeader is the default header of the signature.
const DefaultHeader = "X-Cirrus-Signature"

const defaultTolerance = 5 * time.Minute

// Schemes lists the known signature schemes; the first is the default.
func Schemes() []Signature {
	return []Signature{
		{Scheme: "body", Header: DefaultHeader, Encoding: Hex, Text: "{body}"},
		{Scheme: "github", Header: "X-Hub-Signature-256", Encoding: Hex, Prefix: "sha256=", Text: "{body}"},
		{
			Scheme: "t-v1", Header: DefaultHeader, Encoding: Hex, Separator: ",", Prefix: "v1=",
			TimestampField: "t=", Text: "{timestamp}.{body}",
		},
		{
			Scheme: "standard-webhooks", Header: "Webhook-Signature", Encoding: Base64, Separator: " ", Prefix: "v1,",
			IDHeader: "Webhook-Id", TimestampHeader: "Webhook-Timestamp", Text: "{id}.{timestamp}.{body}",
			SecretPrefix: "whsec_", SecretEncoding: Base64,
		},
	}
}

// filled returns s with the empty fields set from its scheme.
func (s Signature) filled() (Signature, error) {
	schemes := Schemes()
	var names []string
	for _, d := range schemes {
		names = append(names, d.Scheme)
		if s.Scheme != d.Scheme && s.Scheme != "" {
			continue
		}
		orText(&s.Scheme, d.Scheme)
		orText(&s.Header, d.Header)
		orText(&s.Encoding, d.Encoding)
		orText(&s.Prefix, d.Prefix)
		orText(&s.Separator, d.Separator)
		orText(&s.Text, d.Text)
		if s.TimestampHeader == "" && s.TimestampField == "" {
			s.TimestampHeader, s.TimestampField = d.TimestampHeader, d.TimestampField
		}
		orText(&s.IDHeader, d.IDHeader)
		if s.Tolerance == 0 && s.timed() {
			s.Tolerance = defaultTolerance
		}
		orText(&s.SecretPrefix, d.SecretPrefix)
		orText(&s.SecretEncoding, d.SecretEncoding)
		orText(&s.SecretEncoding, SecretText)
		return s, nil
	}
	return s, s.invalid("unknown scheme %q; use one of %s", s.Scheme, strings.Join(names, ", "))
}

func orText[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}

// check rejects settings that could never verify anything, or that look safer
// than they are. s is filled.
func (s Signature) check() error {
	for _, name := range []string{s.Header, s.TimestampHeader, s.IDHeader} {
		if strings.ContainsFunc(name, notInHeaderName) {
			return s.invalid("header %q is not a header name", name)
		}
	}
	known, _ := s.Hash.maker()
	switch {
	case known == nil:
		return s.invalid("unknown hash %q; use sha256, sha1, sha384 or sha512", s.Hash)
	case s.Encoding != Hex && s.Encoding != Base64:
		return s.invalid("unknown encoding %q; use hex or base64", s.Encoding)
	case s.SecretEncoding != Hex && s.SecretEncoding != Base64 && s.SecretEncoding != SecretText:
		return s.invalid("unknown secret encoding %q; use text, hex or base64", s.SecretEncoding)
	case strings.Count(s.Text, "{body}") != 1:
		return s.invalid("text %q must contain {body} once", s.Text)
	case s.TimestampHeader != "" && s.TimestampField != "":
		return s.invalid("the timestamp can be in a header or in a field, not in both")
	case s.TimestampField != "" && s.Separator == "":
		return s.invalid("a timestamp field needs a separator")
	case s.timed() != strings.Contains(s.Text, "{timestamp}"):
		return s.invalid("text %q must have {timestamp} if, and only if, there is a timestamp header or field", s.Text)
	case (s.IDHeader != "") != strings.Contains(s.Text, "{id}"):
		return s.invalid("text %q must have {id} if, and only if, there is an id header (%q)", s.Text, s.IDHeader)
	}
	return nil
}

func (s Signature) timed() bool { return s.TimestampHeader != "" || s.TimestampField != "" }

func (s Signature) invalid(format string, args ...any) error {
	return fmt.Errorf("%w signature settings: %s", event.ErrInvalid, fmt.Sprintf(format, args...))
}

func notInHeaderName(r rune) bool {
	letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
	return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

// key decodes a secret.
func (s Signature) key(secret string) ([]byte, error) {
	if strings.TrimSpace(secret) == "" {
		return nil, s.invalid("a signing secret is empty")
	}
	if strings.TrimSpace(secret) != secret {
		return nil, s.invalid("a signing secret begins or ends with white space")
	}
	text := strings.TrimPrefix(secret, s.SecretPrefix)
	if s.SecretEncoding == SecretText {
		return []byte(text), nil
	}
	key, ok := decodeText(s.SecretEncoding, text)
	if !ok || len(key) == 0 {
		return nil, s.invalid("a signing secret is not %s, which the scheme requires", s.SecretEncoding)
	}
	return key, nil
}

func decodeText(e Encoding, text string) ([]byte, bool) {
	if e == Hex {
		out, err := hex.DecodeString(text)
		return out, err == nil
	}
	out, err := alphabet(text).DecodeString(strings.TrimRight(text, "="))
	return out, err == nil
}

func alphabet(text string) *base64.Encoding {
	if strings.ContainsAny(text, "-_") {
		return base64.RawURLEncoding
	}
	return base64.RawStdEncoding
}

func canonical(header string) string { return textproto.CanonicalMIMEHeaderKey(header) }
