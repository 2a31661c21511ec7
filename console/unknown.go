package console

import (
	"net/http"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/answer"
)

func (c *Console) notFound(w http.ResponseWriter, r *http.Request) {
	if access.WantsPage(r) {
		c.pages.Fault(w, r, http.StatusNotFound, "Page not found", "The address may be mistyped. Use the menu above.")
		return
	}
	if access.IsAPI(r) {
		answer.ProblemOfType(w, api.UnknownAddress, http.StatusNotFound, "no such address; see /api/v1/openapi.yaml")
		return
	}
	answer.Problem(w, http.StatusNotFound, "no such address")
}

func (c *Console) methodNotAllowed(w http.ResponseWriter, r *http.Request) {
	path := r.URL.RawPath
	if path == "" {
		path = r.URL.Path
	}
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		if !c.router.Match(chi.NewRouteContext(), method, path) {
			continue
		}
		allowed = append(allowed, method)
		if method == http.MethodGet {
			allowed = append(allowed, http.MethodHead)
		}
	}
	methods := strings.Join(allowed, ", ")
	w.Header().Set("Allow", methods)
	answer.Problem(w, http.StatusMethodNotAllowed, "this address does not accept "+r.Method+", only "+methods)
}
