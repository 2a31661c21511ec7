package explain

import (
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/living"
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

// LivingKeys returns the keys of the messages that the rules keep up to date, for
// an event.
func (x *Explainer) LivingKeys(ev *event.Event) (out []event.MemoryKey) {
	scope := x.set.Scope(nil, ev, language.ScopeOptions{Now: ev.Received, Preview: true})
	for _, r := range x.set.Rules {
		if !r.Lives() || !r.MatchesType(ev.Type) {
			continue
		}
		for _, s := range r.Actions {
			if slot, err := r.LivingSlot(s, "", scope); s.Lives && err == nil {
				out = append(out, slot.Key)
			}
		}
	}
	return out
}

// lives says whether an action would send a message or change one, or "".
func (x *Explainer) lives(r *rules.Rule, s *rules.Step, scope *language.Scope, o ExplainOptions) string {
	action, ok := s.Action.(params.Living)
	slot, err := r.LivingSlot(s, "", scope)
	switch {
	case !s.Lives || !ok:
		return ""
	case err != nil || o.Windows == nil || s.Loop() != nil && action.PerMeeting():
		return "it would post a message, or change the one that it has posted before"
	}
	found := slot.In(o.Remembered)
	if found == nil || found.Expired(o.Now) || found.Damage != "" {
		return "it would post a message: there is none yet"
	}
	state := living.Read(found.Value)
	_, id := event.SplitKey(state.Shows.Event)
	switch {
	case state.Where == nil:
		return "it would post a message: there is none yet"
	case living.OrderOf(scope.Event).Before(state.Shows):
		return "it would send nothing: its message shows the newer state of event " + id
	}
	return "it would change the message posted at " + event.TimeText(state.Since) + ", which shows the state of event " + id
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
