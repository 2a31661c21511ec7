package pages

import (
	"errors"
	"net/http"
	"strings"

	"github.com/gavel-rules/gavel/console/access"
)

type loginView struct {
	Next  string
	Wrong bool
}

func (p *Pages) loginPage(w http.ResponseWriter, r *http.Request) {
	next := localPath(r.URL.Query().Get("next"))
	if p.Access.Who(r) != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	p.render(w, r, http.StatusOK, "login", "Sign in", loginView{Next: next})
}

func (p *Pages) login(w http.ResponseWriter, r *http.Request) {
	if !p.Form(w, r) {
		return
	}
	next := localPath(r.PostFormValue("next"))
	switch err := p.Access.SignIn(w, r, r.PostFormValue("token")); {
	case errors.Is(err, access.ErrTooManyTries):
		p.Fault(w, r, http.StatusTooManyRequests, "Too many tries", "Wait a few seconds, then try again.")
	case err != nil:
		p.render(w, r, http.StatusUnauthorized, "login", "Sign in", loginView{Next: next, Wrong: true})
	default:
		http.Redirect(w, r, next, http.StatusSeeOther)
	}
}

func (p *Pages) logout(w http.ResponseWriter, r *http.Request) {
	p.Access.SignOut(w, r)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

// localPath returns a path on this address, so that a redirect cannot leave
// it.
func localPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return "/"
	}
	return p
}
