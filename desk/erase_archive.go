package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/api"
	"github.com/gavel-rules/gavel/archive"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/store"
	"github.com/gavel-rules/gavel/vault"
)

// EraseAll is Erase for the database and for the archive in a folder; an empty
// folder means that there is none. No events are archived during this.
func EraseAll(ctx context.Context, s store.Store, folder, address string, now time.Time, dry bool) (api.Erasure, error) {
	if folder == "" {
		return Erase(ctx, s, address, now, dry)
	}
	dir, err := archive.Open(folder)
	if err != nil {
		return api.Erasure{}, fmt.Errorf("%w; --archive must name the same folder as for serve", err)
	}
	unlock, err := dir.Lock(ctx)
	if err != nil {
		return api.Erasure{}, err
	}
	defer unlock()
	e, err := Erase(ctx, s, address, now, dry)
	if err != nil {
		return e, err
	}
	err = eraseArchived(ctx, s, dir, strings.ToLower(strings.TrimSpace(address)), &e)
	return e, err
}

// eraseArchived counts the archived events, and erases them if e.Erased is
// set.
func eraseArchived(ctx context.Context, s store.Store, dir *archive.Dir, address string, e *api.Erasure) error {
	found := map[string]bool{}
	for _, id := range e.Events {
		found[id] = true
	}
	archived := map[string]bool{}
	err := dir.Rewrite(ctx, !e.Erased, func(line *event.Line) (bool, error) {
		r, err := vault.FromArchive(s, decode.Record(line), nil)
		if err != nil {
			return false, err
		}
		if !mentions(r.Event.Body, address) {
			return false, nil
		}
		if !archived[line.ID] {
			archived[line.ID] = true
			e.Archived++
			e.Runs += len(line.RunList)
		}
		if !found[line.ID] {
			found[line.ID] = true
			e.Events = append(e.Events, line.ID)
		}
		return true, eraseLine(s, line, r.Event)
	})
	if err != nil {
		return fmt.Errorf("erase in the archive: %w", err)
	}
	return nil
}

// eraseLine leaves as much of a line as Erase leaves of an event.
func eraseLine(s store.Store, line *event.Line, ev *event.Event) error {
	body, err := erasedBody(ev)
	if err != nil {
		return err
	}
	line.Body, line.Sealed = body, nil
	if kept := vault.SealBody(s, line.ID, body); !json.Valid(kept) {
		line.Body, line.Sealed = nil, kept
	}
	for _, run := range line.RunList {
		run.Reason = erasedReason
	}
	return nil
}
