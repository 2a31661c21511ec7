// Package refused has the page that answers whether anything was lost or
// refused.
package refused

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/pages/frame"
	"github.com/gavel-rules/gavel/console/past"
	"github.com/gavel-rules/gavel/console/query"
)

// Pages has the page of refused requests.
type Pages struct{ *frame.Frame }

// Routes adds the address.
func (p *Pages) Routes(r chi.Router) { r.Get("/refused", p.page) }

// view is the page.
type view struct {
	*api.Refused
	Rows []api.Refusal
	Page query.Page
}

// rowsMost bounds the rows of one page.
const rowsMost = 50

func (p *Pages) page(w http.ResponseWriter, r *http.Request) {
	found, err := past.Refused(r.Context(), p.Ledger, p.Now())
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := view{Refused: found}
	v.Rows, v.Page = query.PageOf(found.Items, r.URL.Query(), rowsMost)
	p.Render(w, r, http.StatusOK, "refused", "Lost or refused", v)
}
