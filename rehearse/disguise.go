package rehearse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/own"
)

// disguise replaces personal data in an event, equal values by equal ones.
// Everything that is not known to be harmless is replaced.
type disguise struct {
	// home is the customer's mail domain, which is kept because rules use it.
	home  string
	own   bool           // the event is one of Gavel's own, which name rules
	known map[string]int // number of each value, by kind and value
	count map[string]int // values so far, by kind
}

var emailAddress = regexp.MustCompile(`[^\s<>,;:"'()\[\]]+@[^\s<>,;:"'()\[\]]+\.[^\s<>,;:"'()\[\].]+`)

// kindOfField returns the prefix of a field's replacement, as in text-1.
func kindOfField(name string) string {
	switch name {
	case "firstName":
		return "First"
	case "lastName":
		return "Last"
	case "primaryInviteeName":
		return "Invitee"
	case "location":
		return "location"
	case "answer", "answerText":
		return "answer"
	case "userId":
		return "user"
	case "id":
		return "meeting"
	case "organizationId", "organizationGuid":
		return "organization"
	case "emailMeetingId", "existingEmailMeetingId":
		return "calendar-event"
	case "zoomMeetingId":
		return "zoom"
	case "calendarUrl", "organizationPath", "calendarPath":
		return "calendar"
	case "meetingName":
		return "Meeting"
	case "webhookId":
		return "webhook"
	case "eventId":
		return "event"
	}
	return "text"
}

// harmless reports whether a field's values are kept: those that the vendor
// writes, and the customer's questions.
func harmless(name string) bool {
	return slices.Contains([]string{
		"eventType", "eventTimestamp", "deliveryTimestamp", "meetingStart", "meetingEnd", "question", "module", "credentials", "type",
	}, name)
}

var longNumber = regexp.MustCompile(`\d{7,}`)

// tells reports whether a text contains an email address or a long number, so
// that it may identify somebody.
func tells(s string) bool { return emailAddress.MatchString(s) || longNumber.MatchString(s) }

func newDisguise() *disguise { return &disguise{known: map[string]int{}, count: map[string]int{}} }

// event returns the body of an event without personal data.
func (x *disguise) event(body []byte) ([]byte, error) {
	v, err := decodeJSON(body)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	x.home = homeOf(v)
	if m, ok := v.(map[string]any); ok {
		kind, _ := m["eventType"].(string)
		x.own = own.Is(kind)
	}
	out, err := json.Marshal(x.value("", v))
	if err != nil {
		return nil, fmt.Errorf("write the event: %w", err)
	}
	return out, nil
}

// reply returns an action's reply without personal data and without headers,
// which may contain cookies and addresses.
func (x *disguise) reply(raw []byte) ([]byte, error) {
	v, err := decodeJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("read the reply: %w", err)
	}
	if fields, ok := v.(map[string]any); ok {
		delete(fields, "headers")
	}
	return json.Marshal(x.value("", v))
}

// memory disguises what is remembered.
func (x *disguise) memory(values map[string]any) (map[string]any, error) {
	if len(values) == 0 {
		return nil, nil
	}
	raw, err := json.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("read the memory: %w", err)
	}
	v, err := decodeJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("read the memory: %w", err)
	}
	shown, err := json.Marshal(x.value("", v))
	if err != nil {
		return nil, fmt.Errorf("read the memory: %w", err)
	}
	out, err := event.ReadJSON(shown)
	given, _ := out.(map[string]any)
	return given, err
}

// decodeJSON keeps numbers exact.
func decodeJSON(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return v, d.Decode(&v)
}

// homeOf returns the mail domain of the meeting's owner or of the user who made
// the change.
func homeOf(v any) string {
	event, _ := v.(map[string]any)
	data, _ := event["data"].(map[string]any)
	for _, name := range []string{"meetingOwner", "modifiedBy"} {
		person, _ := data[name].(map[string]any)
		username, _ := person["username"].(string)
		if _, domain, ok := strings.Cut(username, "@"); ok {
			return strings.ToLower(domain)
		}
	}
	return ""
}

func (x *disguise) value(name string, v any) any {
	switch y := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(y))
		for _, k := range slices.Sorted(maps.Keys(y)) {
			key := k
			if tells(k) {
				key = x.text("", k)
			}
			out[key] = x.value(k, y[k])
		}
		return out
	case []any:
		out := make([]any, len(y))
		for i, item := range y {
			out[i] = x.value(name, item)
		}
		return out
	case string:
		return x.text(name, y)
	case json.Number:
		if len(y) > 6 {
			// Long numbers may be phone numbers or ids.
			return json.Number(fmt.Sprint(1_000_000 + x.number("number", string(y))))
		}
	}
	return v
}

func (x *disguise) text(name, s string) string {
	switch {
	case s == "" || isMoment(s) || (harmless(name) || x.own && name == "rule") && !tells(s):
		return s
	case name == "endpointUrl":
		return "https://hooks.example/webhooks/cirrus-insight"
	}
	if found := emailAddress.FindAllString(s, -1); found != nil {
		for i, address := range found {
			found[i] = x.email(strings.ToLower(address))
		}
		return strings.Join(found, ", ")
	}
	kind := kindOfField(name)
	replaced := fmt.Sprintf("%s-%d", kind, x.number(kind, s))
	if strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") {
		return "https://" + strings.ToLower(kind) + ".example/" + replaced
	}
	return replaced
}

// email keeps the customer's domain and replaces all others.
func (x *disguise) email(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	person := fmt.Sprintf("person-%d", x.number("person", local+"@"+domain))
	if domain == x.home {
		return person + "@" + domain
	}
	return fmt.Sprintf("%s@company-%d.example", person, x.number("company", domain))
}

// number numbers the distinct values of one kind, from 1.
func (x *disguise) number(kind, value string) int {
	key := kind + "\x00" + value
	if x.known[key] == 0 {
		x.count[kind]++
		x.known[key] = x.count[kind]
	}
	return x.known[key]
}

func isMoment(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
