package receiver

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Problems with a signature. They are logged; the sender is not told which one
// it was.
var (
	errNoSignature  = errors.New("the signature header is missing")
	errManyHeaders  = errors.New("the signature header is repeated")
	errNoCandidate  = errors.New("the signature header does not have the configured form")
	errNoTimestamp  = errors.New("the timestamp is missing or not a number")
	errNoID         = errors.New("the id header is missing")
	errStale        = errors.New("the timestamp is too far from now")
	errWrong        = errors.New("the signature does not match the body")
	errEveryExpired = errors.New("every signing secret has expired")
)

const (
	// maxItems limits the signatures checked in one request.
	maxItems = 16
	// maxDigits is the length of a timestamp in milliseconds.
	maxDigits = len("1767225600000")
	// millisecondsFrom is where timestamps are milliseconds: as seconds it is
	// the year 5138.
	millisecondsFrom = 100_000_000_000
)

// digest has room for the longest hash.
type digest = [sha512.Size]byte

// verifier checks signatures. It is safe for concurrent use.
type verifier struct {
	sig  Signature // filled, with canonical header names
	text []piece
	keys []*key
	size int // of a signature, in bytes
}

// piece is a part of the signed text: a literal or one of the placeholders.
type piece struct {
	literal     []byte
	placeholder string
}

type key struct {
	notAfter time.Time
	macs     sync.Pool
}

// mac is a keyed hash with room for its result. It is reused, because keying
// costs two blocks of hashing.
type mac struct {
	hash.Hash
	sum digest
}

func newVerifier(s Signature) (*verifier, error) {
	s, err := s.filled()
	if err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if len(s.Secrets) == 0 {
		return nil, s.invalid("there is no signing secret; set one, or explicitly accept unsigned events")
	}
	s.Header, s.TimestampHeader, s.IDHeader = canonical(s.Header), canonical(s.TimestampHeader), canonical(s.IDHeader)
	fresh, size := s.Hash.maker()
	v := &verifier{sig: s, text: pieces(s.Text), size: size}
	for _, secret := range s.Secrets {
		raw, err := s.key(secret.Value)
		if err != nil {
			return nil, err
		}
		k := &key{notAfter: secret.NotAfter}
		k.macs.New = func() any { return &mac{Hash: hmac.New(fresh, raw)} }
		v.keys = append(v.keys, k)
	}
	return v, nil
}

// pieces cuts the signed text at its placeholders.
func pieces(text string) []piece {
	var out []piece
	for text != "" {
		at, name := len(text), ""
		for _, p := range []string{"{body}", "{timestamp}", "{id}"} {
			if i := strings.Index(text, p); i >= 0 && i < at {
				at, name = i, p
			}
		}
		if at > 0 {
			out = append(out, piece{literal: []byte(text[:at])})
		}
		if name != "" {
			out = append(out, piece{placeholder: name})
		}
		text = text[at+len(name):]
	}
	return out
}

// claim is what the headers of a request say about its signature.
type claim struct {
	sums          [maxItems]digest
	n             int
	timestamp, id string
}

// claim reads the headers. An error means that the signature is invalid
// whatever the body is.
func (v *verifier) claim(h http.Header, now time.Time) (claim, error) {
	var c claim
	values := h[v.sig.Header]
	switch len(values) {
	case 0:
		return c, errNoSignature
	case 1:
	default:
		return c, errManyHeaders
	}
	if c.n, c.timestamp = v.parse(values[0], &c.sums); c.n == 0 {
		return c, errNoCandidate
	}
	if v.sig.TimestampHeader != "" {
		c.timestamp = h.Get(v.sig.TimestampHeader)
	}
	if v.sig.timed() {
		sent, ok := parseTimestamp(c.timestamp)
		if !ok {
			return c, errNoTimestamp
		}
		if v.sig.Tolerance >= 0 && distance(now, sent) > v.sig.Tolerance {
			return c, errStale
		}
	}
	if v.sig.IDHeader != "" {
		if c.id = h.Get(v.sig.IDHeader); c.id == "" {
			return c, errNoID
		}
	}
	return c, nil
}

// verify returns nil if one of the signatures in the header matches the body
// under one of the secrets. It always tries all of them, so that its timing
// reveals nothing.
func (v *verifier) verify(h http.Header, body []byte, now time.Time) error {
	c, err := v.claim(h, now)
	if err != nil {
		return err
	}
	holds, tried := false, false
	for _, k := range v.keys {
		if !k.notAfter.IsZero() && now.After(k.notAfter) {
			continue
		}
		tried = true
		m := v.mac(k, body, c.timestamp, c.id)
		for i := range c.sums[:c.n] {
			if hmac.Equal(m.sum[:v.size], c.sums[i][:v.size]) {
				holds = true
			}
		}
		k.macs.Put(m)
	}
	switch {
	case !tried:
		return errEveryExpired
	case !holds:
		return errWrong
	}
	return nil
}

// mac computes the HMAC of the signed text; give it back to k.macs.
func (v *verifier) mac(k *key, body []byte, timestamp, id string) *mac {
	m, ok := k.macs.Get().(*mac)
	if !ok {
		return &mac{} // not reached: the pool contains nothing else
	}
	m.Reset()
	for _, p := range v.text {
		switch p.placeholder {
		case "{body}":
			_, _ = m.Write(body) // a hash never fails
		case "{timestamp}":
			_, _ = m.Write([]byte(timestamp))
		case "{id}":
			_, _ = m.Write([]byte(id))
		default:
			_, _ = m.Write(p.literal)
		}
	}
	m.Sum(m.sum[:0])
	return m
}

// parse reads the signatures, and the timestamp if it is a field, from the
// header's value. Items of another form are ignored: senders may list
// signatures of newer versions too.
func (v *verifier) parse(value string, sums *[maxItems]digest) (n int, timestamp string) {
	for rest, more := value, true; more && n < maxItems; {
		item := rest
		more = false
		if v.sig.Separator != "" {
			item, rest, more = strings.Cut(rest, v.sig.Separator)
		}
		item = strings.TrimSpace(item)
		if f := v.sig.TimestampField; f != "" && timestamp == "" && strings.HasPrefix(item, f) {
			timestamp = item[len(f):]
			continue
		}
		text, ok := strings.CutPrefix(item, v.sig.Prefix)
		if ok && decodeDigest(v.sig.Encoding, text, sums[n][:v.size]) {
			n++
		}
	}
	return n, timestamp
}

// decodeDigest decodes one signature of len(into) bytes without allocating.
func decodeDigest(e Encoding, text string, into []byte) bool {
	var in [2 * len(digest{})]byte
	if e == Base64 {
		text = strings.TrimRight(text, "=")
	}
	if len(text) > len(in) {
		return false
	}
	src := in[:copy(in[:], text)]
	var out [2 * len(digest{})]byte
	var n int
	var err error
	if e == Hex {
		n, err = hex.Decode(out[:], src)
	} else {
		n, err = alphabet(text).Decode(out[:], src)
	}
	copy(into, out[:])
	return err == nil && n == len(into)
}

// parseTimestamp reads Unix seconds, or milliseconds when the number is too
// large for seconds.
func parseTimestamp(s string) (time.Time, bool) {
	if s == "" || len(s) > maxDigits || s[0] < '0' || s[0] > '9' {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	if n >= millisecondsFrom {
		return time.UnixMilli(n), true
	}
	return time.Unix(n, 0), true
}
