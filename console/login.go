package console

import (
	"net/http"
	"net/url"
	"strings"
)

// authenticated lets requests through that carry the token or a session.
// People are led to the login page, programs get a 401.
func (c *Console) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := c.session.Load().required() && bearer(r) != ""
		if given && !c.guesses.open(r) {
			w.Header().Set("Retry-After", guessPause)
			problem(w, http.StatusTooManyRequests, "too many wrong tokens came from this address; wait a few seconds")
			return
		}
		switch who := c.session.Load().who(r); {
		case who != "":
			next.ServeHTTP(w, r)
		case wantsPage(r) && !given:
			http.Redirect(w, r, "/login?next="+url.QueryEscape(r.URL.RequestURI()), http.StatusSeeOther)
		default:
			if given {
				c.guesses.wrong(r)
				c.Logger.Warn("console token refused", "remote", r.RemoteAddr)
			}
			w.Header().Set("WWW-Authenticate", `Bearer realm="gavel"`)
			problem(w, http.StatusUnauthorized, "a valid token is needed: Authorization: Bearer <console token>")
		}
	})
}

// wantsPage tells a person's browser from a program.
func wantsPage(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") && !isAPI(r)
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

type loginView struct {
	Next  string
	Wrong bool
}

func (c *Console) loginPage(w http.ResponseWriter, r *http.Request) {
	next := localPath(r.URL.Query().Get("next"))
	if c.session.Load().who(r) != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	c.render(w, r, http.StatusOK, "login", "Sign in", loginView{Next: next})
}

// guessPause is what a guesser is told to wait, in seconds.
const guessPause = "5"

// maxForm bounds what a form may send.
const maxForm = 16 << 10

func (c *Console) login(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	next := localPath(r.PostFormValue("next"))
	if !c.guesses.open(r) {
		w.Header().Set("Retry-After", guessPause)
		c.fault(w, r, http.StatusTooManyRequests, "Too many tries", "Wait a few seconds, then try again.")
		return
	}
	token := c.session.Load().token(r.PostFormValue("token"))
	if token == nil {
		c.guesses.wrong(r)
		c.Logger.Warn("console sign-in refused", "remote", r.RemoteAddr)
		c.render(w, r, http.StatusUnauthorized, "login", "Sign in", loginView{Next: next, Wrong: true})
		return
	}
	c.Logger.Info("console sign-in", "remote", r.RemoteAddr)
	value, end := c.session.Load().issue(token)
	http.SetCookie(w, sessionCookie(r, value, end))
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (c *Console) logout(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(cookieName); err == nil {
		c.session.Load().signOut(cookie.Value)
	}
	http.SetCookie(w, sessionCookie(r, "", c.Now()))
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// localPath keeps a redirect on this address.
func localPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return "/"
	}
	return p
}

// audited writes down every request that may change something.
func (c *Console) audited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		c.Logger.Info("console write", "method", r.Method, "path", r.URL.Path, "status", seen.status,
			"remote", r.RemoteAddr, "by", c.session.Load().who(r))
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

// Unwrap gives http.ResponseController the writer underneath.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
