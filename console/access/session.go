package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	cookieName  = "gavel_session"
	sessionLife = 12 * time.Hour
	nonceSize   = 16
)

// sessions signs people in. A session is a cookie that contains its own end
// and is sealed with a key derived from the token, so it ends with that token.
// Only sessions that were signed out are stored.
type sessions struct {
	tokens []accessToken // none: everybody who reaches the address is admitted
	now    func() time.Time
	out    *signedOut
}

// maxSignedOut bounds the remembered sign-outs; only somebody with the token
// can fill it.
const maxSignedOut = 10_000

// signedOut remembers sessions that were signed out early.
type signedOut struct {
	mu  sync.Mutex
	end map[string]time.Time // by the payload of the cookie
}

func (o *signedOut) add(payload string, end, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.end == nil {
		o.end = map[string]time.Time{}
	}
	for p, e := range o.end {
		if len(o.end) >= maxSignedOut || !now.Before(e) {
			delete(o.end, p)
		}
	}
	o.end[payload] = end
}

func (o *signedOut) has(payload string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.end[payload]
	return ok
}

// accessToken is the hash of a token and the key of its sessions.
type accessToken struct {
	sum [sha256.Size]byte
	key []byte // of the sessions that it opens
}

func newSessions(tokens []string, now func() time.Time, out *signedOut) *sessions {
	s := &sessions{now: now, out: out}
	for _, token := range tokens {
		if token == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(token))
		mac.Write([]byte("gavel console session"))
		s.tokens = append(s.tokens, accessToken{sum: sha256.Sum256([]byte(token)), key: mac.Sum(nil)})
	}
	return s
}

func (s *sessions) required() bool { return len(s.tokens) > 0 }

// token returns the token that equals given, in constant time; nil if there is
// none.
func (s *sessions) token(given string) *accessToken {
	sum := sha256.Sum256([]byte(given))
	var found *accessToken
	for i := range s.tokens {
		if subtle.ConstantTimeCompare(s.tokens[i].sum[:], sum[:]) == 1 {
			found = &s.tokens[i]
		}
	}
	return found
}

// bearer returns the token in the Authorization header; empty when there is
// none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// who returns how a request is authenticated; empty when it is not.
func (s *sessions) who(r *http.Request) string {
	if !s.required() {
		return "local"
	}
	if given := bearer(r); given != "" && s.token(given) != nil {
		return "token"
	}
	if cookie, err := r.Cookie(cookieName); err == nil && s.valid(cookie.Value) {
		return "session"
	}
	return ""
}

func (t *accessToken) seal(payload []byte) []byte {
	mac := hmac.New(sha256.New, t.key)
	mac.Write(payload)
	return mac.Sum(nil)
}

func (s *sessions) issue(by *accessToken) (string, time.Time) {
	end := s.now().Add(sessionLife)
	payload := binary.BigEndian.AppendUint64(make([]byte, 0, 8+nonceSize), uint64(end.Unix()))
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	payload = append(payload, nonce...)
	return base64.RawURLEncoding.EncodeToString(append(payload, by.seal(payload)...)), end
}

func (s *sessions) valid(cookie string) bool {
	payload, end, ok := s.open(cookie)
	return ok && s.now().Before(end) && !s.out.has(payload)
}

// signOut makes all copies of a cookie invalid.
func (s *sessions) signOut(cookie string) {
	if payload, end, ok := s.open(cookie); ok && s.now().Before(end) {
		s.out.add(payload, end, s.now())
	}
}

// open checks and reads a cookie.
func (s *sessions) open(cookie string) (payload string, end time.Time, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(raw) != 8+nonceSize+sha256.Size {
		return "", time.Time{}, false
	}
	sealed, sum := raw[:8+nonceSize], raw[8+nonceSize:]
	for i := range s.tokens {
		ok = hmac.Equal(sum, s.tokens[i].seal(sealed)) || ok
	}
	return string(sealed), time.Unix(int64(binary.BigEndian.Uint64(sealed)), 0), ok
}

// sessionCookie makes the session's cookie; an empty value deletes it. It is
// Secure unless the browser uses plain HTTP, which would ignore it.
func (a *Access) sessionCookie(r *http.Request, value string, end time.Time) *http.Cookie {
	c := &http.Cookie{ // #nosec G124 -- Secure as said above
		Name: cookieName, Value: value, Path: a.path, Expires: end,
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: r.TLS != nil || strings.EqualFold(r.Header.Get("X-Forwarded-Proto"), "https"),
	}
	if value == "" {
		c.MaxAge = -1
	}
	return c
}
