package rules

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// actionKind picks the one key that names a kind.
func (l *loader) actionKind(d *ruleDecoder, n *yaml.Node, found []entry) (*Kind, entry) {
	known := l.kindNames()
	var kinds []entry
	for _, e := range found {
		switch {
		case slices.Contains(known, e.name):
			kinds = append(kinds, e)
		case slices.Contains(futureKinds(), e.name):
			d.fail(e.key, "action "+quote(e.name)+" is not supported yet", "remove it")
			return nil, entry{}
		}
	}
	if l.kindAsValue(d, found, kinds) {
		return nil, entry{}
	}
	for _, e := range found {
		if !slices.Contains(known, e.name) {
			message := "unknown key " + quote(e.name)
			if len(kinds) == 0 {
				message = "unknown kind of action " + quote(e.name)
			}
			d.fail(e.key, message, l.actionKeyHint(e, kinds))
		}
	}
	switch {
	case len(kinds) == 0 && len(found) == 0:
		d.fail(n, "the action does not say what to do", "add one of: "+strings.Join(known, ", "))
	case len(kinds) > 1:
		d.fail(kinds[1].key, "an action does one thing, but this one has "+quote(kinds[0].name)+" and "+quote(kinds[1].name), "make two actions of it")
	case len(kinds) == 1:
		i := slices.IndexFunc(l.opts.Kinds.Actions, func(k Kind) bool { return k.Name == kinds[0].name })
		return &l.opts.Kinds.Actions[i], kinds[0]
	}
	return nil, entry{}
}

// kindAsValue reports type: slack, as other tools write what is slack: here.
func (l *loader) kindAsValue(d *ruleDecoder, found, kinds []entry) bool {
	if len(kinds) > 0 {
		return false
	}
	for _, e := range found {
		switch e.name {
		case "type", "kind", "action", "uses", "use", "do":
			if e.value.Kind == yaml.ScalarNode && slices.Contains(l.kindNames(), e.value.Value) {
				d.fail(e.key, "the kind of an action is a key", "write "+e.value.Value+": with the settings below it, indented further")
				return true
			}
		}
	}
	return false
}

// actionKeyHint advises on a key of an action that does not exist.
func (l *loader) actionKeyHint(e entry, kinds []entry) string {
	known := l.kindNames()
	if e.name == "connection" && len(kinds) > 0 {
		return "indent it further, below " + kinds[0].name + ":"
	}
	if len(kinds) > 0 {
		i := slices.IndexFunc(l.opts.Kinds.Actions, func(k Kind) bool { return k.Name == kinds[0].name })
		for _, p := range paramsOf(reflect.TypeOf(l.opts.Kinds.Actions[i].New()).Elem()) {
			if p.name == e.name {
				return "indent it further, below " + kinds[0].name + ":"
			}
		}
	}
	if meant, ok := meantKey(e.name, append(slices.Clone(known), stepKeys()...)); ok {
		return "did you mean " + quote(meant) + "?"
	}
	if len(kinds) > 0 {
		return suggest(e.name, stepKeys())
	}
	return "kinds are " + strings.Join(known, ", ")
}

func (l *loader) kindNames() []string {
	var out []string
	for _, k := range l.opts.Kinds.Actions {
		out = append(out, k.Name)
	}
	return out
}
