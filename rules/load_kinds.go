package rules

import (
	"reflect"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"gopkg.in/yaml.v3"
)

// actionKind picks the one key that names a kind.
func (l *loader) actionKind(d *ruleDecoder, n *yaml.Node, found []text.Entry) (*params.Kind, text.Entry) {
	known := l.kindNames()
	var kinds []text.Entry
	for _, e := range found {
		switch {
		case slices.Contains(known, e.Name):
			kinds = append(kinds, e)
		case slices.Contains(futureKinds(), e.Name):
			d.Fail(e.Key, "action "+text.Quote(e.Name)+" is not supported yet", "remove it")
			return nil, text.Entry{}
		}
	}
	if l.kindAsValue(d, found, kinds) {
		return nil, text.Entry{}
	}
	for _, e := range found {
		if !slices.Contains(known, e.Name) {
			message := "unknown key " + text.Quote(e.Name)
			if len(kinds) == 0 {
				message = "unknown kind of action " + text.Quote(e.Name)
			}
			d.Fail(e.Key, message, l.actionKeyHint(e, kinds))
		}
	}
	switch {
	case len(kinds) == 0 && len(found) == 0:
		d.Fail(n, "the action has no kind", "add one of: "+strings.Join(known, ", ")+", steps, stop, chain")
	case len(kinds) > 1:
		d.Fail(kinds[1].Key, "an action has one kind, but this one has "+text.Quote(kinds[0].Name)+" and "+text.Quote(kinds[1].Name), "split it into two actions")
	case len(kinds) == 1:
		i := slices.IndexFunc(l.opts.Kinds.Actions, func(k params.Kind) bool { return k.Name == kinds[0].Name })
		return &l.opts.Kinds.Actions[i], kinds[0]
	}
	return nil, text.Entry{}
}

// kindAsValue reports `type: slack`, as other tools write it.
func (l *loader) kindAsValue(d *ruleDecoder, found, kinds []text.Entry) bool {
	if len(kinds) > 0 {
		return false
	}
	for _, e := range found {
		switch e.Name {
		case "type", "kind", "action", "uses", "use", "do":
			if e.Value.Kind == yaml.ScalarNode && slices.Contains(l.kindNames(), e.Value.Value) {
				d.Fail(e.Key, "the kind of an action is a key", "write "+e.Value.Value+": with the settings below it, indented further")
				return true
			}
		}
	}
	return false
}

// actionKeyHint returns the hint for an unknown key of an action.
func (l *loader) actionKeyHint(e text.Entry, kinds []text.Entry) string {
	known := l.kindNames()
	if e.Name == "connection" && len(kinds) > 0 {
		return "indent it further, below " + kinds[0].Name + ":"
	}
	if len(kinds) > 0 {
		i := slices.IndexFunc(l.opts.Kinds.Actions, func(k params.Kind) bool { return k.Name == kinds[0].Name })
		for _, p := range params.ParamsOf(reflect.TypeOf(l.opts.Kinds.Actions[i].New()).Elem()) {
			if p.Name == e.Name {
				return "indent it further, below " + kinds[0].Name + ":"
			}
		}
	}
	if meant, ok := language.MeantKey(e.Name, slices.Concat(known, stepKeys(), flowKeys())); ok {
		return "did you mean " + text.Quote(meant) + "?"
	}
	if len(kinds) > 0 {
		return text.Suggest(e.Name, stepKeys())
	}
	return "kinds are " + strings.Join(known, ", ") + ", steps, stop, chain"
}

func (l *loader) kindNames() []string {
	var out []string
	for _, k := range l.opts.Kinds.Actions {
		out = append(out, k.Name)
	}
	return out
}
