// Package access decides who may use the console: tokens, sessions, and
// protection against requests that browsers send for other sites.
package access

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gavel-rules/gavel/console/answer"
)

// Access decides who may use the console, and rejects requests that browsers
// send for other sites.
type Access struct {
	log     *slog.Logger
	now     func() time.Time
	session atomic.Pointer[sessions]
	guesses *guesses
	path    string // of the cookie
	// signedOut stays when the tokens change.
	signedOut signedOut
}

// New returns an Access that admits everybody until it has tokens. Browsers send
// the cookie of a session to path and below.
func New(log *slog.Logger, now func() time.Time, path string) *Access {
	a := &Access{log: log, now: now, path: path, guesses: newGuesses(now)}
	a.SetTokens(nil)
	return a
}

// SetTokens replaces the tokens, any of which is accepted; use several while
// one replaces another. The sessions of a token end with it. Without any token
// everybody is admitted.
func (a *Access) SetTokens(tokens []string) {
	a.session.Store(newSessions(tokens, a.now, &a.signedOut))
}

// Who returns how a request is authenticated: local, token or session; empty
// when it is not.
func (a *Access) Who(r *http.Request) string { return a.session.Load().who(r) }

// Errors of SignIn.
var (
	// ErrTooManyTries says that too many wrong tokens came from the address;
	// the response has a Retry-After header.
	ErrTooManyTries = errors.New("too many tries")
	ErrWrongToken   = errors.New("wrong token")
)

// SignIn opens a session with a token and sets its cookie.
func (a *Access) SignIn(w http.ResponseWriter, r *http.Request, token string) error {
	if !a.guesses.open(r) {
		w.Header().Set("Retry-After", guessPause)
		return ErrTooManyTries
	}
	by := a.session.Load().token(token)
	if by == nil {
		a.guesses.wrong(r)
		a.log.Warn("console sign-in refused", "remote", r.RemoteAddr)
		return ErrWrongToken
	}
	a.log.Info("console sign-in", "remote", r.RemoteAddr)
	value, end := a.session.Load().issue(by)
	http.SetCookie(w, a.sessionCookie(r, value, end))
	return nil
}

// SignOut ends the session of a request and removes its cookie.
func (a *Access) SignOut(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		a.session.Load().signOut(cookie.Value)
	}
	http.SetCookie(w, a.sessionCookie(r, "", a.now()))
}

// Authenticated admits requests with the token or a session. Browsers are
// redirected to the login page, programs get a 401.
func (a *Access) Authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := a.session.Load().required() && bearer(r) != ""
		if given && !a.guesses.open(r) {
			w.Header().Set("Retry-After", guessPause)
			answer.Problem(w, http.StatusTooManyRequests, "too many wrong tokens came from this address; wait a few seconds")
			return
		}
		switch who := a.Who(r); {
		case who != "":
			next.ServeHTTP(w, r)
		case WantsPage(r) && !given:
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		default:
			if given {
				a.guesses.wrong(r)
				a.log.Warn("console token refused", "remote", r.RemoteAddr)
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="gavel"`)
			answer.Problem(w, http.StatusUnauthorized, "a valid token is required: Authorization: Bearer <console token>")
		}
	})
}

// WantsPage reports whether a request comes from a person's browser rather
// than a program.
func WantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && !IsAPI(r)
}

// IsAPI reports whether a request is for the API.
func IsAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// guessPause is the Retry-After after wrong tokens, in seconds.
const guessPause = "5"

// Audited logs every request that may change something.
func (a *Access) Audited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		a.log.Info("console write", "method", r.Method, "path", r.URL.Path, "status", seen.status,
			"remote", r.RemoteAddr, "by", a.Who(r))
	})
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController use the wrapped writer.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
