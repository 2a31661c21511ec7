package console

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

const (
	cookieName  = "gavel_session"
	sessionLife = 12 * time.Hour
	nonceSize   = 16
)

// sessions signs people in. A session is a cookie that holds its own end and
// is sealed with a key made of the token: nothing is kept, and a new token
// ends all sessions.
type sessions struct {
	required bool
	token    [sha256.Size]byte
	key      []byte
	now      func() time.Time
	// tries bounds how fast tokens can be guessed.
	tries *rate.Limiter
}

func newSessions(token string, now func() time.Time) sessions {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("gavel console session"))
	return sessions{
		required: token != "", token: sha256.Sum256([]byte(token)), key: mac.Sum(nil), now: now,
		tries: rate.NewLimiter(rate.Every(time.Second), 10),
	}
}

// isToken compares in constant time.
func (s *sessions) isToken(given string) bool {
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(s.token[:], sum[:]) == 1
}

// who names how a request proves itself; empty when it does not.
func (s *sessions) who(r *http.Request) string {
	if !s.required {
		return "local"
	}
	if given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && s.isToken(given) {
		return "token"
	}
	if cookie, err := r.Cookie(cookieName); err == nil && s.valid(cookie.Value) {
		return "session"
	}
	return ""
}

func (s *sessions) seal(payload []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(payload)
	return mac.Sum(nil)
}

func (s *sessions) issue() (string, time.Time) {
	end := s.now().Add(sessionLife)
	payload := binary.BigEndian.AppendUint64(make([]byte, 0, 8+nonceSize), uint64(end.Unix()))
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	payload = append(payload, nonce...)
	return base64.RawURLEncoding.EncodeToString(append(payload, s.seal(payload)...)), end
}

func (s *sessions) valid(cookie string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(raw) != 8+nonceSize+sha256.Size {
		return false
	}
	payload, sum := raw[:8+nonceSize], raw[8+nonceSize:]
	end := time.Unix(int64(binary.BigEndian.Uint64(payload)), 0)
	return hmac.Equal(sum, s.seal(payload)) && s.now().Before(end)
}

// cookie makes the session's cookie; an empty value takes it away. It is
// Secure unless the browser came by plain HTTP, where it would be dropped.
func (s *sessions) cookie(r *http.Request, value string, end time.Time) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: value, Path: "/", Expires: end,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
