package app

import (
	"context"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/notice"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/schedule"
	"github.com/gavel-rules/gavel/watchdog"
)

// newNotices creates what tells Gavel's own events.
func (a *App) newNotices() *notice.Notices {
	n := notice.New(notice.Options{
		Store: a.store, Tell: a.engine.Tell,
		Wants:       func(eventType string) bool { return a.live.Current().Wants(eventType) },
		Connections: a.connectionsNow, Paused: a.engine.Paused, Source: a.sourceNow, Rules: a.rulesNow,
		Owner: a.owner, ConsoleURL: a.opts.ConsoleURL, Log: a.log, Now: time.Now,
	})
	a.watch.drifts.First = func(ev *event.Event, d event.Drift) {
		n.Drifted(notice.Drift{EventType: ev.Type, EventID: ev.ID, Path: d.Path, Text: d.String()})
	}
	return n
}

func (a *App) connectionsNow() []notice.Connection {
	var out []notice.Connection
	for _, s := range a.engine.Connections() {
		out = append(out, notice.Connection{Name: s.Name, Since: s.FailsSince, Cause: string(s.Cause)})
	}
	return out
}

func (a *App) sourceNow() notice.Source {
	r := a.watch.source.Report()
	return notice.Source{Quiet: r.State == watchdog.Quiet, Active: r.State == watchdog.Active, Last: r.LastEvent, Expected: r.ExpectedBefore}
}

func (a *App) rulesNow() notice.Rules {
	s := a.live.Status()
	out := notice.Rules{Revision: s.Revision, Rules: s.Rules}
	if s.Error != "" {
		out.Errors, out.First = 1, s.Error
		return out
	}
	for _, f := range s.Findings {
		if f.Severity != text.SeverityError {
			continue
		}
		if out.Errors++; out.Errors == 1 {
			out.First = f.String()
		}
	}
	return out
}

// beginNotices looks once before the first event comes, so that what fails first
// is told.
func (a *App) beginNotices(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.notices.Look(ctx); err != nil {
		a.log.DebugContext(ctx, "cannot tell what happens to Gavel itself", "error", err)
	}
}

// failures tells the notices soon that a run has failed.
type failures struct{ app *App }

// EventTaken implements engine.Observer.
func (failures) EventTaken(*event.Event, event.Receipt, int) {}

// AttemptEnded implements engine.Observer.
func (failures) AttemptEnded(*event.Run, *event.Attempt) {}

// RunChanged implements engine.Observer.
func (f failures) RunChanged(run *event.Run) {
	if run.Status == event.StatusFailed && f.app.notices != nil {
		f.app.notices.Soon()
	}
}

// Claimed implements engine.Observer.
func (failures) Claimed(int, time.Duration) {}

// settle is how long after its moment the events before it are looked for: a
// commit can take a while, and the clocks of several machines differ.
const settle = 5 * time.Second

// schedules tells rules when they are due.
func (a *App) schedules() *schedule.Teller {
	return schedule.New(schedule.Options{
		Store: a.store, Current: a.live.Current, Tell: a.engine.Tell, Now: a.clock.Due, Settle: settle, Log: a.log,
	})
}
