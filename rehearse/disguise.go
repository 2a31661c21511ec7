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
)

// disguise replaces what identifies people in an event, the same thing always by
// the same. Everything that is not known to be harmless is replaced.
type disguise struct {
	// home is the mail domain of the customer, which rules ask for; it stays.
	home  string
	known map[string]int // number of each value, by kind
	count map[string]int // by kind of replacement
}

var emailAddress = regexp.MustCompile(`[^\s<>,;:"'()\[\]]+@[^\s<>,;:"'()\[\]]+\.[^\s<>,;:"'()\[\].]+`)

// kindOfField says what a field is replaced by; fields that are not here become
// text-1 and so on.
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

// harmless are fields of which every value stays: what the vendor writes, and
// the questions that the customer asks.
func harmless(name string) bool {
	return slices.Contains([]string{
		"eventType", "eventTimestamp", "deliveryTimestamp", "meetingStart", "meetingEnd", "question", "module", "credentials", "type",
	}, name)
}

var longNumber = regexp.MustCompile(`\d{7,}`)

// tells reports whether a text that otherwise stays, or the name of a field,
// holds an address or a number that may belong to somebody.
func tells(s string) bool { return emailAddress.MatchString(s) || longNumber.MatchString(s) }

func newDisguise() *disguise { return &disguise{known: map[string]int{}, count: map[string]int{}} }

// event returns the body of an event without personal data.
func (x *disguise) event(body []byte) ([]byte, error) {
	v, err := decodeJSON(body)
	if err != nil {
		return nil, fmt.Errorf("read the event: %w", err)
	}
	x.home = homeOf(v)
	out, err := json.Marshal(x.value("", v))
	if err != nil {
		return nil, fmt.Errorf("write the event: %w", err)
	}
	return out, nil
}

// reply returns what an action got back without personal data. Headers are left
// out: they hold cookies and addresses.
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

// decodeJSON keeps numbers as they are written.
func decodeJSON(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return v, d.Decode(&v)
}

// homeOf is the mail domain of the owner of the meeting, or of who changed
// something.
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
			// Long numbers are phone numbers and identities.
			return json.Number(fmt.Sprint(1_000_000 + x.number("number", string(y))))
		}
	}
	return v
}

func (x *disguise) text(name, s string) string {
	switch {
	case s == "" || isMoment(s) || harmless(name) && !tells(s):
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

// email keeps the domain of the customer and replaces all others.
func (x *disguise) email(address string) string {
	local, domain, _ := strings.Cut(address, "@")
	person := fmt.Sprintf("person-%d", x.number("person", local+"@"+domain))
	if domain == x.home {
		return person + "@" + domain
	}
	return fmt.Sprintf("%s@company-%d.example", person, x.number("company", domain))
}

// number counts the different values of one kind.
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
