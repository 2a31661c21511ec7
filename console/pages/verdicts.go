package pages

import (
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/explain"
)

// verdict is what a rule did with an event; Open if it is shown in full.
type verdict struct {
	*explain.RuleExplanation
	Open bool
}

// verdictsOf opens the rule that somebody looks for. Without one it opens those
// that failed, here or in a run; without any, those that matched, if there are
// few.
func verdictsOf(rules []*explain.RuleExplanation, runs []*event.Run, wanted string) []verdict {
	bad, matched := map[string]bool{}, 0
	for _, run := range runs {
		bad[run.Rule] = bad[run.Rule] || run.Status == event.StatusFailed
	}
	failures := 0
	for _, r := range rules {
		bad[r.Rule] = bad[r.Rule] || r.Verdict == explain.VerdictError
		if bad[r.Rule] {
			failures++
		}
		if r.Verdict == explain.VerdictMatched {
			matched++
		}
	}
	out := make([]verdict, 0, len(rules))
	for _, r := range rules {
		open := r.Rule == wanted
		if wanted == "" {
			open = bad[r.Rule] || failures == 0 && matched <= fewMatched && r.Verdict == explain.VerdictMatched
		}
		out = append(out, verdict{r, open})
	}
	return out
}

// fewMatched is how many rules that matched are shown in full at once.
const fewMatched = 2
