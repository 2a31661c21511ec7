package rule

import (
	"context"
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/access"
	"github.com/gavel-rules/gavel/console/query"
)

// appliedParts bounds how many requests of the desk one page makes. Above that,
// the command line is named.
const appliedParts = 50

// applyView asks before a rule is applied to the meetings booked before it.
type applyView struct{ *api.Application }

// More is how many runs are not listed.
func (v applyView) More() int { return v.Added - len(v.Runs) }

// Starts is how many runs start at once.
func (v applyView) Starts() int { return v.Late + v.AtOnce }

func (p *Pages) askApply(w http.ResponseWriter, r *http.Request) {
	found, err := p.applied(r.Context(), query.PathValue(r, "name"), api.ApplyRequest{}, access.ByPage(r))
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	p.Render(w, r, http.StatusOK, "rule-apply", "Apply to booked meetings", applyView{found})
}

func (p *Pages) apply(w http.ResponseWriter, r *http.Request) {
	if !p.Form(w, r) {
		return
	}
	name := query.PathValue(r, "name")
	request := api.ApplyRequest{Confirm: true, Revision: r.PostForm.Get("revision")}
	if _, err := p.applied(r.Context(), name, request, access.ByPage(r)); err != nil {
		p.FaultOf(w, r, err)
		return
	}
	http.Redirect(w, r, query.RulePath(name)+"?done=apply", http.StatusSeeOther)
}

// applied asks the desk until all events were looked at.
func (p *Pages) applied(ctx context.Context, name string, request api.ApplyRequest, by string) (*api.Application, error) {
	sum := &api.Application{}
	for range appliedParts {
		part, err := p.Desk.Apply(ctx, name, request, by)
		if err != nil {
			return nil, err
		}
		sum.Plus(part)
		if sum.Next == "" {
			break
		}
		request.Cursor, request.Revision = part.Next, part.Revision
	}
	return sum, nil
}
