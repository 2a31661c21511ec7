package privacy

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event"
)

// Clip is JSON limited to about limit bytes. In a longer object, the longest
// members are cut; any other longer value is cut as a whole. What is cut becomes
// an object with its beginning as text and its size.
func (g *Gate) Clip(raw json.RawMessage, limit int) json.RawMessage {
	shown := g.JSON(raw)
	if len(shown) <= limit {
		return shown
	}
	if cut := clipMembers(shown, limit); cut != nil {
		return cut
	}
	return clipped(string(shown[:limit]), len(raw))
}

// least is how many bytes a member must be allowed for cutting to make sense.
const least = 256

// clipMembers cuts the longest members of an object; nil if that is not enough.
func clipMembers(raw json.RawMessage, limit int) json.RawMessage {
	members := membersOf(raw)
	if len(members) == 0 {
		return nil
	}
	sizes, room := make([]int, len(members)), limit-2
	for i, m := range members {
		sizes[i] = len(m.value)
		room -= len(m.name) + 2
	}
	// The members share the room; what short ones leave, long ones get.
	slices.Sort(sizes)
	share := 0
	for i, size := range sizes {
		if share = room / (len(sizes) - i); size > share {
			break
		}
		room -= size
	}
	if share < least {
		return nil
	}
	var out bytes.Buffer
	for i, m := range members {
		out.WriteByte("{,"[min(i, 1)])
		out.Write(m.name)
		out.WriteByte(':')
		if len(m.value) > share {
			text := string(m.value)
			_ = json.Unmarshal(m.value, &text) // unless it is no text
			m.value = clipTo(text, share)
		}
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}

// clipTo cuts a text so that its JSON has at most limit bytes.
func clipTo(text string, limit int) json.RawMessage {
	begin := text[:min(len(text), limit)]
	for {
		cut := clipped(begin, len(text))
		if len(cut) <= limit || len(begin) == 0 {
			return cut
		}
		begin = begin[:len(begin)-max(1, (len(cut)-limit)/6)]
	}
}

func clipped(begin string, size int) json.RawMessage {
	cut, err := json.Marshal(event.Cut{Clipped: strings.ToValidUTF8(begin, "") + "…", Bytes: size})
	if err != nil {
		return nil
	}
	return cut
}

// member is a member of an object; the name is a JSON string.
type member struct{ name, value json.RawMessage }

// membersOf returns the members of an object in their order; nil for anything
// else.
func membersOf(raw json.RawMessage) []member {
	d := json.NewDecoder(bytes.NewReader(raw))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil
	}
	var out []member
	for d.More() {
		var m member
		name, err := d.Token()
		if err != nil || d.Decode(&m.value) != nil {
			return nil
		}
		text, _ := name.(string)
		m.name = quoted(text)
		out = append(out, m)
	}
	return out
}
