package explain

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
)

// MemoryKeys returns the keys of what the rules remember for an event; nil if
// they remember nothing.
func (x *Explainer) MemoryKeys(ev *event.Event) (rules.MemoryKeys, error) {
	if x.set.Memory == nil {
		return nil, nil
	}
	return x.set.Memory.Keys(x.set.Scope(nil, ev, language.ScopeOptions{Now: ev.Received}))
}

// memory returns what expressions read as memory; nothing if it cannot be read.
func (x *Explainer) memory(ev *event.Event, list []event.Remembered, now time.Time) map[string]any {
	keys, err := x.MemoryKeys(ev)
	if err != nil || keys == nil {
		return x.set.Memory.None()
	}
	values, err := x.set.Memory.Values(keys, list, now)
	if err != nil {
		return x.set.Memory.None()
	}
	return values
}

// after returns what is remembered after an action.
func after(list []event.Remembered, effect params.Effect, rule string, now time.Time) []event.Remembered {
	if keeper, ok := effect.(params.Keeper); ok {
		return event.ChangeMemory(list, keeper.Changes(now), rule, now)
	}
	return list
}

// aboutMemory says what an explanation assumes of memory, or "".
func aboutMemory(r *rules.Rule, o ExplainOptions) string {
	switch {
	case !r.UsesMemory():
		return ""
	case o.Windows == nil:
		return "no database: what was remembered is unknown; assuming nothing"
	case o.Stored:
		return "memory is as it is now; it may have been different when the event came"
	}
	return ""
}
