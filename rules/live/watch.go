package live

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/gavel-rules/gavel/rules/text"
)

// Watcher reloads a Live when its files change. It watches directories, not
// files, because editors, git and Kubernetes replace files, which ends a watch.
// It also polls the contents, for changes that the system does not report.
type Watcher struct {
	Paths []string // files or directories; they need not exist
	Live  *Live
	Log   *slog.Logger // nil logs nothing

	// Quiet is how long to wait after a change before the files are read, so that
	// no file is read while it is written; default 100 ms.
	Quiet time.Duration
	// Longest is how long further changes can delay reading; default 2 s.
	Longest time.Duration
	// Patience is how long to wait for a file that a program has open for
	// writing; default 10 s. It only works on Linux.
	Patience time.Duration
	// Poll is the interval of polling; default 15 s.
	Poll time.Duration
}

// Watch reloads live when the files at paths change, until ctx ends, with the
// usual timing.
func Watch(ctx context.Context, paths []string, live *Live, log *slog.Logger) error {
	return Watcher{Paths: paths, Live: live, Log: log}.Run(ctx)
}

// Run watches until ctx ends and then returns nil. It begins with a reload, so
// that a change since the first load is not missed. File system errors do not
// end it.
func (w Watcher) Run(ctx context.Context) error {
	w.Quiet, w.Longest = orDuration(w.Quiet, 100*time.Millisecond), orDuration(w.Longest, 2*time.Second)
	w.Patience, w.Poll = orDuration(w.Patience, 10*time.Second), orDuration(w.Poll, 15*time.Second)
	if w.Log == nil {
		w.Log = slog.New(slog.DiscardHandler)
	}
	paths := make([]string, len(w.Paths))
	for i, p := range w.Paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return fmt.Errorf("watch rules at %q: %w", p, err)
		}
		paths[i] = abs
	}
	r := &watchRun{Watcher: w, paths: paths, timer: time.NewTimer(0)}
	defer r.timer.Stop()
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		w.Log.Warn("no file change notifications, polling instead", "every", w.Poll, "error", err)
	} else {
		r.notify = notify
		defer notify.Close()
	}
	r.loop(ctx)
	return nil
}

func orDuration(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// watchRun is one call of Run.
type watchRun struct {
	Watcher
	paths  []string
	notify *fsnotify.Watcher // nil if the system has none

	timer    *time.Timer // until the next check
	pending  bool        // changes were seen since the last check
	first    time.Time   // the first of them
	seen     fingerprint // of the contents last loaded
	seenOpen fingerprint // of contents that were still being written
	openFrom time.Time   // since when
	targets  map[string]bool
	tables   map[string]bool // files of tables
	busy     busy
}

func (r *watchRun) loop(ctx context.Context) {
	poll := time.NewTicker(r.Poll)
	defer poll.Stop()
	quick := time.NewTicker(time.Hour)
	quick.Stop() // until a directory is busy
	var events chan fsnotify.Event
	var faults chan error
	if r.notify != nil {
		events, faults = r.notify.Events, r.notify.Errors
	}
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-events:
			switch {
			case r.concerns(e.Name):
				r.soon()
			case r.busy.note(e.Name, time.Now()):
				r.Log.Debug("too many other files change here, polling instead", "directory", filepath.Dir(e.Name), "every", busyPoll)
				r.busy.changed(r.paths)
				quick.Reset(busyPoll)
				r.soon() // drops the watch, and sees what changed until now
			}
		case <-quick.C:
			if r.busy.changed(r.paths) {
				r.soon()
			}
		case err := <-faults:
			// Events were lost, so anything may have changed.
			r.Log.Warn("watching rules", "error", err)
			r.soon()
		case <-poll.C:
			r.watchDirectories()
			if takeFingerprint(r.paths) != r.seen {
				r.soon()
			}
		case <-r.timer.C:
			r.check(ctx)
		}
	}
}

// soon schedules a check after the quiet time.
func (r *watchRun) soon() {
	now := time.Now()
	if !r.pending {
		r.pending, r.first = true, now
	}
	r.timer.Reset(min(r.Quiet, r.first.Add(r.Longest).Sub(now)))
}

// check loads the files if their contents have changed.
func (r *watchRun) check(ctx context.Context) {
	r.pending = false
	// Add the watches first, so that a change while reading is reported.
	r.watchDirectories()
	now := takeFingerprint(r.paths)
	if now == r.seen {
		return
	}
	if r.leaveAlone(now) {
		r.soon()
		return
	}
	r.seen = now
	r.reload(ctx)
	if takeFingerprint(r.paths) != now {
		r.soon()
	}
}

// leaveAlone reports whether a program is still writing one of the files. It
// returns false for a file that stays open without changes for Patience.
func (r *watchRun) leaveAlone(now fingerprint) bool {
	if !anyOpenForWriting(ruleFiles(r.paths)) {
		return false
	}
	if r.seenOpen != now || r.openFrom.IsZero() {
		r.seenOpen, r.openFrom = now, time.Now()
	}
	if time.Since(r.openFrom) < r.Patience {
		return true
	}
	r.openFrom = time.Time{}
	return false
}

func (r *watchRun) reload(ctx context.Context) {
	before := r.Live.Status()
	findings, err := r.Live.Reload(ctx)
	Tell(r.Log, before, r.Live.Status(), findings, err)
}

// Tell logs the result of Live.Reload, with the status before and after it.
func Tell(log *slog.Logger, before, after Status, findings text.Findings, err error) {
	switch {
	case err != nil:
		log.Error("rules not reloaded, the previous rules stay active", "revision", before.Revision, "error", err)
	case findings.HasErrors():
		log.Error("rules not reloaded, the previous rules stay active", "revision", before.Revision, "findings", len(findings), "error", firstError(findings))
	case after.Revision != before.Revision:
		log.Info("rules reloaded", "revision", after.Revision, "rules", after.Rules, "warnings", len(findings))
	case !before.OK:
		log.Info("rules have no errors any more; they are the active ones, nothing changed", "revision", after.Revision, "rules", after.Rules)
	default:
		log.Info("rules read again, nothing changed", "revision", after.Revision, "rules", after.Rules)
	}
}

func firstError(findings text.Findings) string {
	for _, f := range findings {
		if f.Severity == text.SeverityError {
			return f.String()
		}
	}
	return ""
}
