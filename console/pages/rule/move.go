package rule

import (
	"net/http"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/console/query"
)

// moveView asks before the waiting runs of a rule go on by the rules in force.
type moveView struct {
	*api.Moves
	More int // runs that are not listed
}

func (p *Pages) askMove(w http.ResponseWriter, r *http.Request) {
	moves, err := p.Desk.Move(r.Context(), api.MoveRequest{Rule: query.PathValue(r, "name")})
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	v := moveView{Moves: moves, More: moves.Movable + moves.Stuck - len(moves.Runs)}
	p.Render(w, r, http.StatusOK, "rule-move", "Move runs", v)
}

func (p *Pages) move(w http.ResponseWriter, r *http.Request) {
	name := query.PathValue(r, "name")
	moves, err := p.Desk.Move(r.Context(), api.MoveRequest{Rule: name, Confirm: true})
	if err != nil {
		p.FaultOf(w, r, err)
		return
	}
	p.Logger.Info("waiting runs moved to the rules in force", "rule", name, "runs", moves.Moved, "remote", r.RemoteAddr, "by", p.Access.Who(r))
	http.Redirect(w, r, query.RulePath(name)+"?done=move", http.StatusSeeOther)
}
