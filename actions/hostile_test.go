package actions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/internal/standin"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/values"
)

// hostileField is where the stranger types.
const hostileField = "meeting.meetingInfo.primaryInviteeName"

// hostileActions put the stranger's value, @@, into every parameter that takes
// one.
func hostileActions() map[string][]string {
	return map[string][]string{
		"slack": {`
          channel: "#sales @@"
          thread_ts: "1.2 @@"
          username: "Gavel @@"
          icon_emoji: "@@"
          text: "*Booked* by @@ (@@) <https://crm.example|open>"
          blocks:
            - { type: header, text: { type: plain_text, text: "By @@" } }
            - type: section
              text: { type: mrkdwn, text: "*By* @@:@@" }
              fields: [ { type: plain_text, text: "@@" }, { type: mrkdwn, text: "@@" } ]
            - { type: markdown, text: "**By** @@\n@@" }
            - type: actions
              elements: [ { type: button, value: "v", text: { type: plain_text, text: "@@" }, url: "https://crm.example/c/@@?q=@@" } ]
            - { type: image, image_url: "https://crm.example/x.png", alt_text: "@@" }`},
		"http": {
			`{ url: "URL/c/@@?q=@@", query: { n: "@@" }, headers: { X-Name: "@@" }, json: { name: "@@", text: "By @@", list: ["@@"], inner: '{"a": "@@"}' } }`,
			`{ url: "URL/c", form: { name: "@@", other: "By @@" } }`,
			`{ url: "URL/c", text: '{"a": "@@", "b": "By @@"}', headers: { Content-Type: application/json } }`,
			`{ url: "URL/c", text: "<a b='@@'>By @@</a>", headers: { Content-Type: application/xml } }`,
		},
		"email": {`
          from: "@@ <hi@acme.example>"
          to: "@@ <ada@acme.example>"
          cc: ["@@ <cc@acme.example>"]
          bcc: ["@@ <bcc@acme.example>"]
          reply_to: "@@ <desk@acme.example>"
          subject: "Thank you, @@"
          text: "Dear @@"
          html: "<p title=\"@@\">Dear @@, <a href=\"https://crm.example/c?q=@@\">open</a></p>"
          headers: { X-Name: "By @@" }`},
		"log": {`{ message: "by @@", fields: { owner: "@@" } }`},
	}
}

func TestHostileValues(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	peer := newRecorder(t)
	smtp := standin.NewSMTP(standin.SMTPOptions{})
	if err := smtp.Start(""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = smtp.Stop(context.Background()) })
	structure := map[string]func(params.Effect) ([]string, error){
		"slack": slackStructure,
		"http":  peer.structure,
		"email": func(e params.Effect) ([]string, error) { return mailStructure(e, smtp) },
		"log": func(e params.Effect) ([]string, error) {
			logged.Reset()
			if _, err := e.Do(context.Background(), actionstest.Delivery()); err != nil {
				return nil, err
			}
			lines := []string{fmt.Sprint(bytes.Count(logged.Bytes(), []byte("\n")), " line")}
			more, err := actionstest.Shape(logged.Bytes(), func(_, text string) []string { return actionstest.OneLine(text) })
			return append(lines, more...), err
		},
	}
	kinds := actions.Kinds(actions.Deps{Logger: slog.New(slog.NewJSONHandler(&logged, nil))})
	for _, kind := range kinds.Actions {
		if kind.Name == "wait" || kind.Keeps {
			continue // sends nothing
		}
		sources := hostileActions()[kind.Name]
		if structure[kind.Name] == nil || len(sources) == 0 {
			t.Errorf("%s has no hostile values: add its parameters and a reader of its destination", kind.Name)
			continue
		}
		for _, name := range openParams(reflect.TypeOf(kind.New()).Elem()) {
			if !regexp.MustCompile(`(?m)(^|[{, ])` + name + `:`).MatchString(strings.Join(sources, "\n")) {
				t.Errorf("%s: no hostile value goes into %s", kind.Name, name)
			}
		}
		for i, source := range sources {
			t.Run(fmt.Sprintf("%s %d", kind.Name, i), func(t *testing.T) {
				rig := actionstest.Load(t, kinds, hostileRules(kind.Name, source, peer.URL, smtp.Port()), nil)
				actionstest.HostileContract(t, actionstest.Hostile{Rig: rig, Field: hostileField, Structure: structure[kind.Name]})
			})
		}
	}
}

func hostileRules(kind, source, url string, smtpPort int) string {
	source = strings.NewReplacer("@@", "${{ "+hostileField+" }}", "URL", url).Replace(source)
	return fmt.Sprintf(`
connections:
  slack: { token: xoxb-123456 }
  email: { host: 127.0.0.1, port: %d, tls: none, from: hi@acme.example }
rules:
  - name: try
    event: scheduling.*
    actions:
      - %s: %s
`, smtpPort, kind, source)
}

// openParams are the parameters that values can go into.
func openParams(t reflect.Type) []string {
	open := []reflect.Type{
		reflect.TypeFor[values.Text](), reflect.TypeFor[[]values.Text](), reflect.TypeFor[map[string]values.Text](), reflect.TypeFor[values.Value](),
		reflect.TypeFor[values.HTML](), reflect.TypeFor[values.URL](),
	}
	var names []string
	for i := range t.NumField() {
		if f := t.Field(i); slices.Contains(open, f.Type) {
			names = append(names, f.Tag.Get("yaml"))
		}
	}
	return names
}

// slackStructure reads a message as Slack does.
func slackStructure(e params.Effect) ([]string, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	var message map[string]any
	if err := json.Unmarshal(raw, &message); err != nil {
		return nil, err
	}
	delete(message, "cut") // is for people
	if raw, err = json.Marshal(message); err != nil {
		return nil, err
	}
	return actionstest.Shape(raw, func(path, text string) []string {
		switch {
		case path == ".text", path == ".blocks[1].text.text", path == ".blocks[1].fields[1].text":
			return actionstest.Mrkdwn(text)
		case path == ".blocks[2].text":
			return actionstest.Markdown(text)
		case strings.HasSuffix(path, "url"):
			out, err := actionstest.Address(text)
			if err != nil {
				return []string{err.Error()}
			}
			return out
		case strings.HasPrefix(path, ".blocks"):
			return actionstest.Unseen(text)
		}
		return actionstest.OneLine(text)
	})
}

// mailStructure sends a mail and reads it as its reader does.
func mailStructure(e params.Effect, smtp *standin.SMTP) ([]string, error) {
	if _, err := e.Do(context.Background(), actionstest.Delivery()); err != nil {
		return nil, err
	}
	received := smtp.Received()
	m := received[len(received)-1]
	out := append(slices.Sorted(maps.Keys(m.Header)), m.From, fmt.Sprint(m.To))
	for _, name := range []string{"From", "To", "Cc", "Reply-To"} {
		list, err := m.Header.AddressList(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, a := range list {
			out = append(append(out, name, a.Address), actionstest.OneLine(a.Name)...)
		}
	}
	for line := range strings.Lines(string(m.Raw)) {
		if len(line) > 1000 {
			return nil, errors.New("a line is longer than 998 bytes")
		}
	}
	out = append(append(out, actionstest.OneLine(m.Subject)...), actionstest.Unseen(strings.ReplaceAll(m.Text, "\r\n", "\n"))...)
	return append(out, actionstest.Page(strings.ReplaceAll(m.HTML, "\r\n", "\n"))...), nil
}

// recorder is an HTTP peer that knows what it was asked last.
type recorder struct {
	*httptest.Server
	last *http.Request
	body []byte
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		r.last = q
		r.body, _ = io.ReadAll(q.Body)
	}))
	r.Config.MaxHeaderBytes = 16 << 20
	r.Start()
	t.Cleanup(r.Close)
	return r
}

// structure sends a request and reads it as an API does.
func (r *recorder) structure(e params.Effect) ([]string, error) {
	if _, err := e.Do(context.Background(), actionstest.Delivery()); err != nil {
		return nil, err
	}
	out, err := actionstest.Address(r.last.RequestURI)
	if err != nil {
		return nil, err
	}
	out = append(out, r.last.Host)
	out = append(out, slices.Sorted(maps.Keys(r.last.Header))...)
	var more []string
	switch r.last.Header.Get("Content-Type") {
	case "application/json":
		more, err = actionstest.Shape(r.body, func(path, text string) []string {
			if path != ".inner" {
				return nil
			}
			inner, err := actionstest.Shape([]byte(text), func(string, string) []string { return nil })
			return append(inner, fmt.Sprint(err))
		})
	case "application/xml":
		more, err = elements(r.body)
	default:
		more, err = actionstest.Address("/?" + string(r.body))
	}
	return append(out, more...), err
}

func elements(raw []byte) ([]string, error) {
	var out []string
	for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		switch x := token.(type) {
		case xml.StartElement:
			out = append(out, "start "+x.Name.Local)
			for _, a := range x.Attr {
				out = append(out, "attribute "+a.Name.Local)
			}
		case xml.CharData:
		default:
			out = append(out, fmt.Sprintf("%T", token))
		}
	}
}

// careless is a kind of message whose escaper does nothing.
type careless struct {
	Text values.Text `yaml:"text" doc:"Message."`
}

// Build implements rules.Params.
func (c *careless) Build(any) (params.Action, error) { return c, nil }

// Prepare implements rules.Action.
func (c *careless) Prepare(s *language.Scope) (params.Effect, error) {
	text, err := c.Text.Render(s, func(v string) string { return v })
	return carelessMessage{text}, err
}

type carelessMessage struct{ Text string }

// Do implements rules.Effect.
func (carelessMessage) Do(context.Context, params.Delivery) (any, error) { return nil, nil }

// TestHostileValuesFindAUselessEscaper is the proof that the contract can fail,
// for each of the readers.
func TestHostileValuesFindAUselessEscaper(t *testing.T) {
	t.Parallel()
	kinds := params.Kinds{Actions: []params.Kind{{Name: "careless", Doc: "x", New: func() params.Params { return &careless{} }}}}
	check := func(template string, read func(string) ([]string, error)) {
		t.Helper()
		source := strings.ReplaceAll(template, "@@", "${{ "+hostileField+" }}")
		rig := actionstest.Load(t, kinds, "rules: [ { name: try, event: scheduling.*, actions: [ { careless: { text: '"+source+"' } } ] } ]", nil)
		faults := actionstest.HostileFaults(actionstest.Hostile{Rig: rig, Field: hostileField, Structure: func(e params.Effect) ([]string, error) {
			return read(e.(carelessMessage).Text)
		}})
		if len(faults) == 0 {
			t.Errorf("%s: nothing was found", template)
		}
	}
	always := func(read func(string) []string) func(string) ([]string, error) {
		return func(s string) ([]string, error) { return read(s), nil }
	}
	check("*By* @@", always(actionstest.Mrkdwn))
	check("**By** @@", always(actionstest.Markdown))
	check("<p>@@</p>", always(actionstest.Page))
	check("by @@", always(actionstest.OneLine))
	check("by @@", always(actionstest.Unseen))
	check("https://crm.example/c/@@?q=1", actionstest.Address)
	check(`{"a": "@@"}`, func(s string) ([]string, error) {
		return actionstest.Shape([]byte(s), func(string, string) []string { return nil })
	})
	check("<a>@@</a>", func(s string) ([]string, error) { return elements([]byte(s)) })
}
