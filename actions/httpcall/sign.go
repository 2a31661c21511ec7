package httpcall

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/rules/values"
)

// signingKey decodes a Standard Webhooks secret; nil if none is given.
func signingKey(secret values.Secret) ([]byte, error) {
	if secret.IsZero() {
		return nil, nil
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret.Reveal(), "whsec_"))
	if err != nil || len(key) == 0 {
		return nil, errors.New("is not a signing secret")
	}
	return key, nil
}

// sign adds the Standard Webhooks headers: a signature over the id, which is the
// same on every try, the time and the body.
func sign(h http.Header, key []byte, id string, body []byte, now time.Time) {
	timestamp := strconv.FormatInt(now.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", timestamp)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
