package standin

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// wall has the messages that people see, in the order in which they were posted.
type wall struct {
	mu       sync.Mutex
	messages []SlackMessage
	names    map[string]string // of channels, by id
	locked   map[string]string // why a message cannot be changed, by ts
	count    int               // of posts
}

// channelID returns the id that a channel has, which never changes.
func channelID(channel string) string {
	kind := "C"
	switch {
	case strings.HasPrefix(channel, "U") && strings.ToUpper(channel) == channel:
		kind = "D" // the direct messages with a user
	case !strings.HasPrefix(channel, "#") && strings.ToUpper(channel) == channel && len(channel) > 1 && strings.ContainsAny(channel[:1], "CDG"):
		return channel
	}
	sum := sha256.Sum256([]byte(strings.TrimPrefix(channel, "#")))
	return kind + base32.StdEncoding.EncodeToString(sum[:])[:10]
}

// name returns the channel with an id.
func (b *wall) name(id string) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name, ok := b.names[id]
	return name, ok
}

// post adds a message. As at Slack, a reply whose parent was deleted becomes a
// message of its own.
func (b *wall) post(m SlackMessage) SlackMessage {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.names == nil {
		b.names, b.locked = map[string]string{}, map[string]string{}
	}
	b.count++
	m.ID, m.TS = channelID(m.Channel), fmt.Sprintf("%d.%06d", time.Now().Unix(), b.count)
	b.names[m.ID] = m.Channel
	if m.ThreadTS != "" && b.at(m.ID, m.ThreadTS) < 0 {
		m.ThreadTS = ""
	}
	b.messages = append(b.messages, m)
	return m
}

func (b *wall) at(id, ts string) int {
	return slices.IndexFunc(b.messages, func(m SlackMessage) bool { return m.ID == id && m.TS == ts })
}

// change changes a message, or returns Slack's error.
func (b *wall) change(with SlackMessage) (SlackMessage, string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, known := b.names[with.Channel]; !known {
		return with, "channel_not_found"
	}
	i := b.at(with.Channel, with.TS)
	switch {
	case i < 0:
		return with, "message_not_found"
	case b.locked[with.TS] != "":
		return with, b.locked[with.TS]
	}
	m := &b.messages[i]
	m.Text, m.Blocks, m.Edited = with.Text, with.Blocks, true
	m.Key, m.Header = with.Key, with.Header
	if len(with.Metadata) > 0 {
		m.Metadata = with.Metadata
	}
	return *m, ""
}

// Messages returns the messages as people see them now, oldest first.
func (s *Slack) Messages() []SlackMessage {
	s.wall.mu.Lock()
	defer s.wall.mu.Unlock()
	return slices.Clone(s.wall.messages)
}

// Delete removes a message, as a person does.
func (s *Slack) Delete(ts string) {
	s.wall.mu.Lock()
	defer s.wall.mu.Unlock()
	s.wall.messages = slices.DeleteFunc(s.wall.messages, func(m SlackMessage) bool { return m.TS == ts })
}

// Lock makes changes of a message fail with an error of Slack, such as
// edit_window_closed or cant_update_message.
func (s *Slack) Lock(ts, code string) {
	s.wall.mu.Lock()
	defer s.wall.mu.Unlock()
	s.wall.locked[ts] = code
}

func (s *Slack) update(w http.ResponseWriter, r *http.Request) {
	m, refused := s.refused(w, r, "chat:write")
	if refused {
		return
	}
	if m.Text == "" && len(m.Blocks) == 0 {
		slackError(w, "no_text")
		return
	}
	now, code := s.wall.change(m)
	if code != "" {
		slackError(w, code)
		return
	}
	now.Updated = true
	s.inbox.add(now)
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "channel": now.ID, "ts": now.TS, "text": now.Text, "message": shownMessage(now)})
}

// history answers conversations.history and conversations.replies.
func (s *Slack) history(w http.ResponseWriter, r *http.Request) {
	m, refused := s.refused(w, r, "channels:history", "groups:history", "im:history")
	if refused {
		return
	}
	if _, known := s.wall.name(m.Channel); !known {
		slackError(w, "channel_not_found")
		return
	}
	thread := strings.HasSuffix(r.URL.Path, ".replies")
	oldest, latest, from := r.PostForm.Get("oldest"), r.PostForm.Get("latest"), r.PostForm.Get("cursor")
	limit, err := strconv.Atoi(r.PostForm.Get("limit"))
	if err != nil || limit < 1 {
		limit = 100
	}
	list, next := []any{}, ""
	for _, known := range slices.Backward(s.Messages()) {
		inThread := known.ThreadTS != ""
		switch {
		case known.ID != m.Channel, inThread != thread && known.TS != m.TS, thread && inThread && known.ThreadTS != m.TS:
			continue
		case oldest != "" && known.TS < oldest, latest != "" && known.TS > latest, from != "" && known.TS >= from:
			continue
		}
		shown := shownMessage(known)
		if r.PostForm.Get("include_all_metadata") != "1" {
			delete(shown, "metadata")
		}
		if len(list) == limit {
			break
		}
		list, next = append(list, shown), known.TS
	}
	if len(list) < limit {
		next = ""
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "messages": list, "has_more": next != "", "response_metadata": map[string]any{"next_cursor": next}})
}

func (s *Slack) list(w http.ResponseWriter, r *http.Request) {
	if _, refused := s.refused(w, r, "channels:read", "groups:read"); refused {
		return
	}
	s.wall.mu.Lock()
	defer s.wall.mu.Unlock()
	list := []any{}
	for id, name := range s.wall.names {
		list = append(list, map[string]any{"id": id, "name": strings.TrimPrefix(name, "#")})
	}
	for _, name := range s.options.Channels {
		list = append(list, map[string]any{"id": channelID(name), "name": strings.TrimPrefix(name, "#"), "is_member": !slices.Contains(s.options.Strangers, name)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "channels": list})
}

func (s *Slack) openDirect(w http.ResponseWriter, r *http.Request) {
	if _, refused := s.refused(w, r, "im:write"); refused {
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "channel": map[string]any{"id": channelID(r.PostForm.Get("users"))}})
}

// shownMessage is a message as Slack's methods return it.
func shownMessage(m SlackMessage) map[string]any {
	out := map[string]any{"type": "message", "ts": m.TS, "text": m.Text}
	if len(m.Blocks) > 0 {
		out["blocks"] = m.Blocks
	}
	if m.ThreadTS != "" {
		out["thread_ts"] = m.ThreadTS
	}
	if len(m.Metadata) > 0 {
		out["metadata"] = json.RawMessage(m.Metadata)
	}
	if m.Edited {
		out["edited"] = map[string]any{"ts": m.TS}
	}
	return out
}
