package rules

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/language/eval"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
)

// stepParams are the keys that every action has besides its kind.
type stepParams struct {
	ID        string         `yaml:"id" doc:"Name of the action within its rule; later actions read its result as actions.ID." example:"find"`
	Timeout   units.Duration `yaml:"timeout" doc:"Timeout of one attempt; the default depends on the kind of action." example:"10s"`
	OnError   string         `yaml:"on_error" enum:"stop,continue" doc:"What to do when the action fails permanently: end the run as failed, which is the default, or continue with the next action."`
	OnUnknown string         `yaml:"on_unknown" enum:"retry,stop" doc:"What to do when the action may have arrived but got no answer, after a lost connection, a timeout or a crash: send it again with the same key, which is the default, or end the run as failed."`
}

type retryParams struct {
	Max     int            `yaml:"max" min:"1" max:"1000" doc:"Attempts in total, including the first; default 30." example:"5"`
	Initial units.Duration `yaml:"initial" doc:"Pause before the second attempt; default 2s. Each later pause is longer." example:"2s"`
	Longest units.Duration `yaml:"longest" doc:"Longest pause; default 1h." example:"1h"`
}

func stepKeys() []string { return []string{"id", "when", "timeout", "retry", "on_error", "on_unknown"} }

// futureKinds are kinds of action that the language reserves.
func futureKinds() []string { return []string{"wait"} }

// draft is one action while its rule is loaded.
type draft struct {
	d    *ruleDecoder // of the file that it is in
	node *yaml.Node
	keys map[string]text.Entry
	step *Step
	kind *params.Kind
	at   text.Entry // of the kind

	parent, sibling *draft          // the group around it, and what follows it there; nil for none
	otherwise       *draft          // the first action of its else
	chain           *chain          // that it uses; nil for none
	found           *text.Collector // what is wrong in it, if it is used here
	listed          bool            // its result is a list already, because its loop has ended
}

func (l *loader) loadActions(d *ruleDecoder, r *Rule, e text.Entry) {
	if e.Value.Kind != yaml.SequenceNode {
		hint := "start each action with a dash"
		if e.Value.Tag == "!!null" {
			hint = "indent the actions below it, each with a dash"
		}
		d.Fail(e.Value, "actions must be a list, not "+text.Article(e.Value), hint)
		return
	}
	if len(e.Value.Content) == 0 {
		d.Fail(e.Value, "a rule needs at least one action", "")
		return
	}
	y := layout{l: l}
	y.list(d, e.Value, nil)
	l.finishActions(d, r, &y)
	y.unite()
}

// finishActions checks and compiles what is laid out.
func (l *loader) finishActions(d *ruleDecoder, r *Rule, y *layout) {
	y.link()
	l.checkIDs(y.drafts)
	earlier := map[int]map[string]language.Result{0: {}} // by the call whose chain they are in
	for i, x := range y.drafts {
		closeLoops(earlier, y.drafts[:i], x)
		if earlier[x.step.Call] == nil {
			earlier[x.step.Call] = map[string]language.Result{}
		}
		inner := *x.d
		inner.Words = l.wordsAt(r, y.drafts, i, earlier[x.step.Call])
		inner.Words.LimitLike(d.Words)
		if x.step.Flow != nil {
			l.finishFlow(&inner, x)
			r.branches, r.loops = true, r.loops || x.step.Flow.Kind == FlowLoop
			r.calls = r.calls || x.step.Flow.Kind == FlowCall
		} else {
			l.finishAction(&inner, r, x)
		}
		r.Actions = append(r.Actions, x.step)
		earlier[x.step.Call][x.step.Name] = x.result()
	}
	nameLiving(r)
}

// nameLiving names the actions whose messages live: by id, or by number among
// those without one, so that other actions can be added before them.
func nameLiving(r *Rule) {
	n := 0
	for _, s := range r.Actions {
		switch {
		case !s.Lives:
		case strings.Contains(s.ID, "#"):
			n++
			s.livesAs = "#" + itoa(n)
		default:
			s.livesAs = s.ID
		}
	}
}

// wordsAt are the names that the expressions of draft i may use.
func (l *loader) wordsAt(r *Rule, drafts []*draft, i int, earlier map[string]language.Result) *language.Vocabulary {
	here := drafts[i].step
	var later []string
	for _, y := range drafts[i:] {
		if y.step.Call == here.Call {
			later = append(later, y.step.Name)
		}
	}
	w := l.comp.ActionVocabulary(earlier, later)
	r.addNames(w, here)
	return w
}

// closeLoops makes lists of the results of the loops that end before x.
func closeLoops(earlier map[int]map[string]language.Result, before []*draft, x *draft) {
	for i := len(before) - 1; i >= 0; i-- {
		y := before[i]
		loop := y.step.Loop()
		if loop == nil || loop == x.step.Loop() || y.listed {
			return
		}
		y.listed = true
		earlier[y.step.Call][y.step.Name] = earlier[y.step.Call][y.step.Name].List()
	}
}

// result describes the result that later actions can read.
func (x *draft) result() language.Result {
	switch {
	case x.step.Flow != nil && x.step.Flow.Kind == FlowCall && (x.step.Flow.Chain == nil || !x.step.Flow.Chain.Checked):
		return language.AnyResult() // what is wrong is reported elsewhere
	case x.step.Flow == nil && x.kind == nil:
		return language.AnyResult() // its kind is misspelt, so do not report its fields
	}
	return x.step.result()
}

// draftAction finds the kind and the id of an action.
func (l *loader) draftAction(d *ruleDecoder, n *yaml.Node, index int) *draft {
	if n.Kind != yaml.MappingNode {
		d.Fail(n, "an action must be a mapping, not "+text.Article(n), "write the kind with its settings, such as slack: { … }")
		return nil
	}
	x := &draft{d: d, node: n, keys: map[string]text.Entry{}, step: &Step{Index: index, Pos: text.Position{File: d.Doc.Name, Line: n.Line, Column: n.Column}}}
	var kinds []text.Entry
	for _, e := range d.Entries(n) {
		x.keys[e.Name] = e
		if !slices.Contains(stepKeys(), e.Name) && !slices.Contains(flowKeys(), e.Name) {
			kinds = append(kinds, e)
		}
	}
	if !l.shape(d, x, kinds) {
		x.kind, x.at = l.actionKind(d, n, kinds)
	}
	if x.kind != nil {
		x.step.Kind, x.step.Local, x.step.Keeps, x.step.NewResult = x.kind.Name, x.kind.Local, x.kind.Keeps, x.kind.NewResult
		if x.kind.NewResult != nil {
			x.step.noResult = x.kind.NewResult()
		}
	}
	x.step.ID = x.step.Kind + "#" + itoa(index+1)
	if e, ok := x.keys["id"]; ok && e.Value.Kind == yaml.ScalarNode && e.Value.Value != "" {
		x.step.ID = e.Value.Value
	}
	return x
}

func (l *loader) checkIDs(drafts []*draft) {
	first := map[string]bool{}
	for _, x := range drafts {
		e, given := x.keys["id"]
		if !given || e.Value.Kind != yaml.ScalarNode || e.Value.Value == "" {
			continue
		}
		d, id := x.d, e.Value.Value
		switch {
		case !language.IsIdentifier(id):
			d.Fail(e.Value, "id "+text.Quote(text.Clip(id, 60))+" is not allowed", "use letters, digits and _, and begin with a letter, so that actions."+"<id> can be written")
		case first[x.step.ID]:
			d.Fail(e.Value, "another action of this "+x.step.place()+" has the id "+text.Quote(id), "give each action a unique id")
		default:
			first[x.step.ID] = true
		}
	}
}

// finishAction decodes the settings and builds the action.
func (l *loader) finishAction(d *ruleDecoder, r *Rule, x *draft) {
	var settings params.Params
	var client any
	sound := d.Out.Sound(func() {
		l.stepSettings(d, x)
		if x.kind != nil {
			settings, client = l.actionSettings(d, r, x)
		}
	})
	if r, ok := settings.(params.Returning); ok {
		if result := r.Returns(); result != nil {
			x.step.NewResult, x.step.noResult = result, result()
		}
	}
	if x.kind == nil || !sound {
		return
	}
	action, err := settings.Build(client)
	if err != nil {
		d.builderFindings(x.at.Value, x.at.Key, err)
		return
	}
	if _, waits := action.(params.Waiter); waits && x.step.Loop() != nil {
		l.noWait(d, x)
	}
	if living, ok := action.(params.Living); ok && living.Lives() {
		x.step.Lives = true
		if reason := d.Words.Empty[eval.WordMeeting]; reason != "" && living.PerMeeting() {
			d.Fail(x.at.Key, "there is no meeting that the message could belong to: "+reason, "give it a key of its own, as in per: event.organizationGuid")
			return
		}
	}
	x.step.Action = action
}

// actionSettings decodes what stands below the kind, and finds the client of
// its connection.
func (l *loader) actionSettings(d *ruleDecoder, r *Rule, x *draft) (params.Params, any) {
	settings := x.kind.New()
	v := reflect.ValueOf(settings).Elem()
	var skip []string
	if x.kind.Connection != "" {
		skip = []string{"connection"}
	}
	if x.at.Value.Kind == yaml.ScalarNode && x.at.Value.Tag == "!!null" {
		x.at.Value = &yaml.Node{Kind: yaml.MappingNode, Line: x.at.Key.Line, Column: x.at.Key.Column}
	}
	d.Beside = stepKeys()
	d.Mapping(x.at.Value, v, skip...)
	client := l.connect(d, x)
	if x.kind.Keeps {
		client = l.memory.For()
	}
	if c, limited := client.(params.Timed); limited && x.step.Timeout == 0 {
		x.step.Timeout = c.TryTimeout()
	}
	if x.step.Timeout == 0 {
		x.step.Timeout = x.kind.Timeout
	}
	l.lane(r, x.step, v)
	return settings, client
}

// stepParams reads the keys beside the kind.
func (d *ruleDecoder) stepParams(x *draft) (p stepParams) {
	v := reflect.ValueOf(&p).Elem()
	for _, f := range d.Known.ParamsOf(v.Type()) {
		if e, ok := x.keys[f.Name]; ok {
			d.Entry(e, v.FieldByIndex(f.Index), f)
		}
	}
	return p
}

func (l *loader) stepSettings(d *ruleDecoder, x *draft) {
	s, p := x.step, d.stepParams(x)
	s.Timeout = time.Duration(p.Timeout)
	if e, ok := x.keys["timeout"]; ok && s.Timeout <= 0 && e.Value.Kind == yaml.ScalarNode && p.Timeout < 0 {
		d.Fail(e.Value, "timeout must be positive", "")
	}
	s.ContinueOnError = p.OnError == "continue"
	s.StopOnUnknown = p.OnUnknown == "stop"
	if e, ok := x.keys["when"]; ok {
		s.When = d.Condition(e.Value)
	}
	s.Retry = DefaultRetry()
	if e, ok := x.keys["retry"]; ok {
		s.Retry = d.retry(e)
	}
}

// retry reads a mapping, or false for a single attempt.
func (d *ruleDecoder) retry(e text.Entry) Retry {
	out := DefaultRetry()
	if e.Value.Kind == yaml.ScalarNode {
		if e.Value.Tag == "!!bool" {
			if strings.EqualFold(e.Value.Value, "false") {
				out.Max = 1
			}
			return out
		}
		d.Fail(e.Value, "retry must be false or a mapping, not "+text.Article(e.Value), "write retry: { max: 5, initial: 2s, longest: 1h }")
		return out
	}
	var p retryParams
	d.MappingOf(e.Value, &p)
	for _, x := range d.QuietEntries(e.Value) {
		switch x.Name {
		case "max":
			if out.Max = p.Max; p.Max < 1 || p.Max > 1000 {
				d.Fail(x.Value, "max must be between 1 and 1000", "it includes the first attempt")
			}
		case "initial":
			if out.Initial = time.Duration(p.Initial); p.Initial <= 0 {
				d.Fail(x.Value, "initial must be positive", "")
			}
		case "longest":
			if out.Longest = time.Duration(p.Longest); p.Longest <= 0 {
				d.Fail(x.Value, "longest must be positive", "")
			}
		}
	}
	out.Longest = max(out.Longest, out.Initial)
	return out
}
