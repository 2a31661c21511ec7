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

// Watcher reloads a Live when its files change. It watches directories, never
// files: editors, git and Kubernetes replace a file, and a watch on the old
// one hears nothing more. What the system does not report is found by a slow
// look at the contents.
type Watcher struct {
	Paths []string // files or directories; they need not exist
	Live  *Live
	Log   *slog.Logger // nil logs nothing

	// Quiet is how long nothing must happen before the files are read, so that
	// a file is not read while it is written; 100 ms when 0.
	Quiet time.Duration
	// Longest is how long a stream of changes can put reading off; 2 s when 0.
	Longest time.Duration
	// Patience is how long a file that a program still has open for writing is
	// left alone; 10 s when 0. Only Linux can tell.
	Patience time.Duration
	// Poll is the time between two looks at the contents; 15 s when 0.
	Poll time.Duration
}

// Watch reloads live when the files at paths change, until ctx ends, with the
// usual timing.
func Watch(ctx context.Context, paths []string, live *Live, log *slog.Logger) error {
	return Watcher{Paths: paths, Live: live, Log: log}.Run(ctx)
}

// Run watches until ctx ends and then returns nil. It begins with a reload, so
// that a change between the first load and this call is not missed. No error
// of the file system ends it.
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
	notify *fsnotify.Watcher // nil when the system has none to give

	timer    *time.Timer // until the next check
	pending  bool        // changes were seen since the last check
	first    time.Time   // the first of them
	seen     fingerprint // of the contents that were last loaded
	seenOpen fingerprint // of contents that were left alone as still being written
	openFrom time.Time   // since when
	targets  map[string]bool
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

// soon plans a check for when things are quiet.
func (r *watchRun) soon() {
	now := time.Now()
	if !r.pending {
		r.pending, r.first = true, now
	}
	r.timer.Reset(min(r.Quiet, r.first.Add(r.Longest).Sub(now)))
}

// check loads the files if their contents are others than before.
func (r *watchRun) check(ctx context.Context) {
	r.pending = false
	// First the watches, then the contents: a change in between is reported.
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
// gives up on one that stays open without a change.
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
	before := r.Live.Status().Revision
	findings, err := r.Live.Reload(ctx)
	after := r.Live.Status()
	switch {
	case err != nil:
		r.Log.Error("rules not reloaded, the previous rules stay active", "revision", before, "error", err)
	case findings.HasErrors():
		r.Log.Error("rules not reloaded, the previous rules stay active", "revision", before, "findings", len(findings), "error", firstError(findings))
	case after.Revision != before:
		r.Log.Info("rules reloaded", "revision", after.Revision, "rules", after.Rules, "warnings", len(findings))
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
