// Package notice tells what happens to Gavel itself, as events that rules match
// like any other.
//
//	issues ──────┐
//	connections ─┤          one process at a time          own.Telling
//	pauses ──────┼──► Look ── what is told is in marks ──► engine ──► rules
//	source ──────┤          of the store
//	rules, drift ┘
//
// An event is told first and its mark set after that. Whoever is killed in
// between tells it again with the same id, which changes nothing. What no rule
// wants is neither told nor followed; once one wants it, it begins with what
// happens from then on.
package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// Store is what notices need of the database; see package store.
type Store interface {
	Mark(ctx context.Context, name string) (string, error)
	SetMark(ctx context.Context, name, value string) error
	Exclusive(ctx context.Context, name string) (release func(), ok bool, err error)
	Issues(ctx context.Context, f event.IssueFilter) ([]*event.Issue, error)
	IssueRuns(ctx context.Context, f event.IssueRuns) ([]*event.Run, error)
}

// Options say what is watched, and who is told. All functions are required.
type Options struct {
	Store Store
	// Tell stores an own event and starts its runs, see engine.Tell. Wants says
	// whether a rule listens to a type.
	Tell  func(ctx context.Context, t own.Telling) (bool, error)
	Wants func(eventType string) bool

	// Connections, Paused, Source and Rules say how they are now, in this process.
	Connections func() []Connection
	Paused      func() []event.Pause
	Source      func() Source
	Rules       func() Rules

	// Owner names this process. ConsoleURL is the public address of the console,
	// without a slash at the end; empty if it is not known.
	Owner, ConsoleURL string
	Log               *slog.Logger
	Now               func() time.Time
}

const (
	// every is the pause between two looks, soon the shortest one after a failure.
	every = 5 * time.Second
	soon  = time.Second
	// mostOfLook is how many events one look tells, of issues. What remains is told
	// by the next.
	mostOfLook = 200
	// mostOfIssue is how many failures of one issue are told one by one in a look.
	// More are told as one event, with their number.
	mostOfIssue = 20
	// mostDrifts is how many places of drift wait to be told.
	mostDrifts = 100
)

// Notices watches and tells.
type Notices struct {
	Options
	poke chan struct{}

	mu     sync.Mutex
	drifts []Drift

	// Only Look uses these.
	wanted  map[string]bool // by family, as it was at the last look
	began   map[string]time.Time
	seen    map[string]glance // of issues
	told    map[string]bool   // pauses
	handled string            // state of the rules
	left    int               // events of issues that this look may still tell
}

// New returns Notices that are not watching yet.
func New(o Options) *Notices {
	return &Notices{
		Options: o, poke: make(chan struct{}, 1), wanted: map[string]bool{}, began: map[string]time.Time{},
		seen: map[string]glance{}, told: map[string]bool{},
	}
}

// Soon makes the next look come soon, because a run has failed or the rules have
// changed. It does not block.
func (n *Notices) Soon() {
	select {
	case n.poke <- struct{}{}:
	default:
	}
}

// Run looks until ctx ends: every few seconds, and soon after a failure.
func (n *Notices) Run(ctx context.Context) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.poke:
		case <-time.After(every):
		}
		err := n.Look(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			n.Log.WarnContext(ctx, "cannot tell rules what happens to Gavel itself; trying again", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-time.After(soon): // however many runs fail
		}
	}
}

// family is a group of types whose state is followed together.
type family struct {
	name  string
	types []string
	look  func(context.Context) error
}

func (n *Notices) families() []family {
	return []family{
		{"issues", []string{own.TypeRunFailed, own.TypeIssueOpened, own.TypeIssueResolved}, n.issues},
		{"connections", []string{own.TypeConnectionFailing, own.TypeConnectionRecovered}, n.connections},
		{"pauses", []string{own.TypeConnectionPaused}, n.pauses},
		{"source", []string{own.TypeSourceQuiet, own.TypeSourceBack}, n.source},
		{"rules", []string{own.TypeRulesLoaded, own.TypeRulesRejected}, n.rules},
		{"drift", []string{own.TypeSchemaDrift}, n.drift},
	}
}

// Look tells what has happened since the last look of any process. While another
// process looks, it does nothing.
func (n *Notices) Look(ctx context.Context) error {
	var now []family
	for _, f := range n.families() {
		wants := slices.ContainsFunc(f.types, n.Wants)
		if was, known := n.wanted[f.name]; !wants && known && !was {
			continue
		}
		now = append(now, f)
	}
	if !n.Wants(own.TypeSchemaDrift) {
		n.discard()
	}
	if len(now) == 0 {
		return nil
	}
	release, ok, err := n.Store.Exclusive(ctx, "notice")
	if err != nil || !ok {
		return err
	}
	defer release()
	n.left = mostOfLook
	var problems []error
	for _, f := range now {
		problems = append(problems, n.follow(ctx, f))
	}
	return errors.Join(problems...)
}

// follow looks at one family, or begins or ends to follow it.
func (n *Notices) follow(ctx context.Context, f family) error {
	wants := slices.ContainsFunc(f.types, n.Wants)
	mark, err := n.Store.Mark(ctx, "notice/since/"+f.name)
	if err != nil {
		return err
	}
	began, _ := time.Parse(time.RFC3339Nano, mark)
	switch {
	case !wants && mark != "":
		err = n.Store.SetMark(ctx, "notice/since/"+f.name, "")
	case wants && began.IsZero():
		began = n.Now().UTC()
		if f.name == "issues" {
			err = n.beginIssues(ctx)
		}
		if err == nil {
			err = n.Store.SetMark(ctx, "notice/since/"+f.name, began.Format(time.RFC3339Nano))
		}
	}
	if err != nil {
		return err
	}
	n.wanted[f.name], n.began[f.name] = wants, began
	if !wants {
		return nil
	}
	if err := f.look(ctx); err != nil {
		return fmt.Errorf("notices of %s: %w", f.name, err)
	}
	return nil
}

// tell tells an event about a thing; number tells apart those of one type and
// thing.
func (n *Notices) tell(ctx context.Context, eventType, about, number string, at time.Time, f own.Facts) error {
	return n.tellOf(ctx, "", eventType, about, number, at, f)
}

func (n *Notices) tellOf(ctx context.Context, organization, eventType, about, number string, at time.Time, f own.Facts) error {
	id := eventType + ":" + number // a slash would stand between organization and id
	if about != "" {
		id = eventType + ":" + about + ":" + number
	}
	_, err := n.Tell(ctx, own.Telling{ID: id, Type: eventType, Organization: organization, At: at, Facts: f})
	return err
}

// link returns the address of a page of the console; empty if its public address
// is not known.
func (n *Notices) link(path string) string {
	if n.ConsoleURL == "" {
		return ""
	}
	return strings.TrimSuffix(n.ConsoleURL, "/") + path
}

// load reads a mark into a state. One of before the family was followed counts as
// none, but for its number.
func (n *Notices) load(ctx context.Context, family, name string, into interface{ renew(began time.Time) }) error {
	mark, err := n.Store.Mark(ctx, "notice/"+name)
	if err != nil {
		return err
	}
	if mark != "" {
		if err := json.Unmarshal([]byte(mark), into); err != nil {
			n.Log.Warn("a mark cannot be read and is set again", "mark", "notice/"+name, "error", err)
		}
	}
	into.renew(n.began[family])
	return nil
}

func (n *Notices) save(ctx context.Context, name string, state any) error {
	mark, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("encode mark %s: %w", name, err)
	}
	return n.Store.SetMark(ctx, "notice/"+name, string(mark))
}
