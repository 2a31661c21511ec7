// Package exchange turns what the history keeps of an attempt into what people
// know: a request, a mail, or a message.
package exchange

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gavel-rules/gavel/console/words"
	"github.com/gavel-rules/gavel/event"
)

// Exchange is what one attempt sent and what was answered.
type Exchange struct {
	Attempt *event.Attempt
	// At most one of these is set, by what was sent.
	Call    *Call
	Mail    *Mail
	Message *Message
	Request string // anything else, for reading
	Reply   *Reply
	// Key is the Idempotency-Key or the Message-ID.
	KeyName, Key string
	Open         bool   // shown without being asked for
	Brief        string // one line that says what it is, where the details are closed
}

// Pair is a name with a value.
type Pair struct{ Name, Value string }

// Reply is what was answered.
type Reply struct {
	Status  string // such as "422 Unprocessable Entity"
	OK      bool
	Headers []Pair
	Body    string
	Note    string // what of the body is missing
	Times   string
}

// Of returns the exchange of an attempt; nil if it neither sent nor received
// anything.
func Of(a *event.Attempt) *Exchange {
	response, seen := event.SplitExchange(a.Response)
	if len(a.Request) == 0 && len(response) == 0 && seen == nil {
		return nil
	}
	x := &Exchange{Attempt: a}
	if seen == nil {
		seen = &event.Exchange{}
	}
	if x.KeyName, x.Key = "Idempotency-Key", seen.IdempotencyKey; seen.MessageID != "" {
		x.KeyName, x.Key = "Message-ID", seen.MessageID
	}
	switch a.Kind {
	case "http":
		x.Call = callOf(a.Request, seen)
	case "email":
		x.Mail = mailOf(a.Request)
	case "slack":
		if x.Message = messageOf(a.Request); x.Message != nil {
			x.Message.placed(response)
		}
	}
	if x.Call == nil && x.Mail == nil && x.Message == nil && len(a.Request) > 0 {
		x.Request = words.Pretty(a.Request)
	}
	x.Reply = replyOf(response, seen)
	return x
}

// replyOf reads a response: of HTTP, of a mail server, or the result of another
// action.
func replyOf(raw json.RawMessage, seen *event.Exchange) *Reply {
	r := &Reply{Times: timesOf(seen)}
	var got struct {
		Status  int             `json:"status"`
		Headers json.RawMessage `json:"headers"`
		Body    json.RawMessage `json:"body"`
		Bytes   int64           `json:"bytes"`
		Code    int             `json:"code"`
		Text    string          `json:"text"`
	}
	if len(raw) == 0 && r.Times == "" {
		return nil
	}
	if json.Unmarshal(raw, &got) != nil || got.Status == 0 && got.Code == 0 {
		if len(raw) > 0 {
			r.Body, r.OK = words.Pretty(raw), true
		}
		return r
	}
	if got.Code != 0 {
		r.Status, r.OK = strconv.Itoa(got.Code)+" "+got.Text, got.Code < 400
		r.Body = listsOf(raw)
		return r
	}
	r.Status, r.OK = fmt.Sprintf("%d %s", got.Status, http.StatusText(got.Status)), got.Status < 400
	r.Headers = pairsOf(got.Headers)
	size := 0
	if r.Body, size = textOf(got.Body); got.Bytes > 0 || size > 0 {
		r.Note = "The beginning of " + words.Number(max(got.Bytes, int64(size))) + " bytes."
	}
	return r
}

// listsOf returns who got a mail and who did not.
func listsOf(raw json.RawMessage) string {
	var lists struct {
		Accepted []string          `json:"accepted,omitempty"`
		Refused  []json.RawMessage `json:"refused,omitempty"`
	}
	if json.Unmarshal(raw, &lists) != nil || len(lists.Accepted)+len(lists.Refused) == 0 {
		return ""
	}
	all, err := json.Marshal(lists)
	if err != nil {
		return ""
	}
	return words.Pretty(all)
}

func timesOf(seen *event.Exchange) string {
	switch {
	case seen.Took == 0:
		return ""
	case seen.FirstByte == 0:
		return "no reply in " + milliseconds(seen.Took)
	}
	return milliseconds(seen.Took) + ", first byte after " + milliseconds(seen.FirstByte)
}

func milliseconds(ms float64) string {
	switch {
	case ms < 10:
		return strconv.FormatFloat(ms, 'f', 1, 64) + " ms"
	case ms < 1000:
		return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
	}
	return strconv.FormatFloat(ms/1000, 'f', 1, 64) + " s"
}

// textOf returns a value for reading, text as it is, and how many bytes it had
// if it was cut; 0 if not.
func textOf(raw json.RawMessage) (text string, size int) {
	if cut := event.CutOf(raw); cut != nil {
		return words.Visible(cut.Clipped), cut.Bytes
	}
	if len(raw) == 0 || string(raw) == "null" {
		return "", 0
	}
	if json.Unmarshal(raw, &text) == nil {
		return words.Visible(text), 0
	}
	return words.Pretty(raw), 0
}

// pairsOf returns the members of an object by name; values that are no text as
// JSON.
func pairsOf(raw json.RawMessage) []Pair {
	if cut := event.CutOf(raw); cut != nil {
		return []Pair{{"all", cut.Clipped}}
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		return nil
	}
	pairs := make([]Pair, 0, len(members))
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value, _ := textOf(members[name])
		pairs = append(pairs, Pair{name, value})
	}
	return pairs
}

// briefly bounds a line that says what is sent, in characters.
const briefly = 140

// Summary says in one line what is sent, and to whom.
func (x *Exchange) Summary() string {
	var parts []string
	switch {
	case x.Mail != nil:
		parts = append(valuesOf(x.Mail.Lines, "To", "Subject"), x.Mail.Text)
	case x.Message != nil:
		parts = append(valuesOf(x.Message.Lines, "Channel"), x.Message.Text)
	case x.Call != nil:
		parts = []string{x.Call.Method + " " + x.Call.URL}
	default:
		parts = []string{x.Request}
	}
	return words.Clip(strings.Join(strings.Fields(strings.Join(parts, " · ")), " "), briefly)
}

func valuesOf(list []Pair, names ...string) []string {
	var out []string
	for _, name := range names {
		for _, one := range list {
			if one.Name == name {
				out = append(out, one.Value)
			}
		}
	}
	return out
}
