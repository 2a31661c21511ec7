package receiver

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Detect returns the settings, without secrets, under which the signature of
// one captured request is valid, the most likely first; nil if there are none.
// The age of the request does not matter, and a line break that an editor
// added at the end of body is ignored.
func Detect(secret string, h http.Header, body []byte) []Signature {
	found := detectIn(secret, h, body)
	if trimmed := bytes.TrimRight(body, "\r\n"); len(found) == 0 && len(trimmed) < len(body) {
		found = detectIn(secret, h, trimmed)
	}
	return found
}

func detectIn(secret string, h http.Header, body []byte) []Signature {
	var found []Signature
	seen := map[string]bool{}
	for _, c := range withHashes(candidates(h)) {
		c.Secrets = []Secret{{Value: secret}}
		c.Tolerance = -1
		v, err := newVerifier(c)
		if err != nil || seen[c.Header] {
			continue
		}
		for _, prefix := range v.prefixes(h) {
			v.sig.Prefix = prefix
			if v.verify(h, body, time.Time{}) != nil {
				continue
			}
			seen[c.Header] = true
			settings := v.sig
			settings.Secrets, settings.Tolerance = nil, 0
			found = append(found, settings)
			break
		}
	}
	return found
}

// withHashes lists the candidates with the default hash first, then with each
// other.
func withHashes(list []Signature) []Signature {
	out := list
	for _, hash := range Hashes() {
		if hash == SHA256 {
			continue
		}
		for _, c := range list {
			c.Hash = hash
			out = append(out, c)
		}
	}
	return out
}

// candidates lists the settings to try: each scheme with each header of the
// request, then plain signatures over the body, with and without a timestamp.
func candidates(h http.Header) []Signature {
	names := make([]string, 0, len(h))
	var timestamps []string
	for name := range h {
		names = append(names, name)
		if _, ok := parseTimestamp(h.Get(name)); ok && len(h.Get(name)) >= len("1767225600") {
			timestamps = append(timestamps, name)
		}
	}
	slices.Sort(names)
	slices.Sort(timestamps)
	var out []Signature
	for _, name := range names {
		for _, s := range Schemes() {
			if s.Separator == "" {
				continue
			}
			s.Header = name
			if family, ok := strings.CutSuffix(name, "Signature"); ok && s.IDHeader != "" {
				s.IDHeader, s.TimestampHeader = family+"Id", family+"Timestamp"
			}
			out = append(out, s)
		}
		for _, secret := range []Encoding{SecretText, Base64, Hex} {
			for _, e := range []Encoding{Hex, Base64} {
				plain := Signature{Header: name, Encoding: e, SecretEncoding: secret}
				out = append(out, plain)
				for _, t := range timestamps {
					for _, text := range []string{"{timestamp}.{body}", "{timestamp}:{body}", "{timestamp}{body}", "v0:{timestamp}:{body}"} {
						timed := plain
						timed.TimestampHeader, timed.Text = t, text
						out = append(out, timed)
					}
				}
			}
		}
	}
	return out
}

// prefixes returns the possible prefixes of a signature in the header: that of
// the scheme or, for a header with one item, whatever precedes the digest.
func (v *verifier) prefixes(h http.Header) []string {
	if v.sig.Separator != "" {
		return []string{v.sig.Prefix}
	}
	value := h.Get(v.sig.Header)
	var out []string
	written := encodeDigest(v.sig.Encoding, make([]byte, v.size))
	for _, length := range []int{len(written), len(strings.TrimRight(written, "="))} {
		if cut := len(value) - length; cut >= 0 && !slices.Contains(out, value[:cut]) {
			out = append(out, value[:cut])
		}
	}
	return out
}

// Fits reports whether the signature of a captured request is valid with the
// settings, whatever its age. A line break that an editor added at the end of
// body is ignored.
func Fits(s Signature, h http.Header, body []byte) bool {
	s.Tolerance = -1
	v, err := newVerifier(s)
	return err == nil && (v.verify(h, body, time.Time{}) == nil || v.verify(h, bytes.TrimRight(body, "\r\n"), time.Time{}) == nil)
}
