package receiver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// Sign returns the headers with which a Receiver with the same settings accepts
// body at the time now. It uses the first secret that has not expired. It is
// for tests and for trying out a configuration.
func Sign(s Signature, body []byte, now time.Time) (http.Header, error) {
	v, err := newVerifier(s)
	if err != nil {
		return nil, err
	}
	k := v.firstKey(now)
	if k == nil {
		return nil, s.invalid("every signing secret has expired")
	}
	h := http.Header{}
	timestamp, id := "", ""
	if v.sig.timed() {
		timestamp = strconv.FormatInt(now.Unix(), 10)
	}
	if v.sig.TimestampHeader != "" {
		h.Set(v.sig.TimestampHeader, timestamp)
	}
	if v.sig.IDHeader != "" {
		sum := sha256.Sum256(body)
		id = "msg_" + hex.EncodeToString(sum[:12])
		h.Set(v.sig.IDHeader, id)
	}
	value := v.sig.Prefix + encodeDigest(v.sig.Encoding, v.mac(k, body, timestamp, id).sum[:v.size])
	if f := v.sig.TimestampField; f != "" {
		value = f + timestamp + v.sig.Separator + value
	}
	h.Set(v.sig.Header, value)
	return h, nil
}

func (v *verifier) firstKey(now time.Time) *key {
	for _, k := range v.keys {
		if k.notAfter.IsZero() || !now.After(k.notAfter) {
			return k
		}
	}
	return nil
}

func encodeDigest(e Encoding, sum []byte) string {
	if e == Hex {
		return hex.EncodeToString(sum)
	}
	return base64.StdEncoding.EncodeToString(sum)
}
