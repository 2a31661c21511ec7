package rules_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

var clock = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// meetingBody is the sample event of these tests.
const meetingBody = `{
  "organizationGuid": "org-1", "eventId": "ev-1", "webhookId": "wh-1", "endpointUrl": "https://gavel.example/webhooks",
  "eventTimestamp": "2026-03-01T10:00:00Z", "deliveryAttempt": 1, "deliveryTimestamp": "2026-03-01T10:00:01Z",
  "eventType": "scheduling.smartscheduler.scheduled",
  "data": {
    "id": "m-1", "meetingStart": "2026-03-10T15:00:00Z", "meetingEnd": "2026-03-10T15:30:00Z", "isCanceled": false,
    "meetingOwner": {"userId": "u-1", "username": "olga@acme.example", "lastName": "Owner", "firstName": "Olga"},
    "meetingInfo": {
      "primaryInviteeName": "Jane <b>Doe</b>", "primaryInvitee": "Jane <jane@Buyer.example>",
      "optionalInvitees": "bob@buyer.example; JANE@buyer.example", "meetingName": "Demo & talk", "location": "../admin",
      "formValues": [{"question": "Company size ", "answerText": "51-200"}],
      "surveyQuestions": [{"question": "Budget?", "answer": "10k", "isRequired": true}]
    },
    "extra": {"score": 7, "big": 5000000, "tags": ["a", "b"], "vip": true}
  }
}`

func sampleEvent(t testing.TB) *event.Event {
	t.Helper()
	return decodeEvent(t, meetingBody)
}

func decodeEvent(t testing.TB, body string) *event.Event {
	t.Helper()
	ev, err := decode.Event([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	ev.Received = clock
	return ev
}

// noteParams is an action that takes one of everything and shows what it got.
type noteParams struct {
	Text     values.Text            `yaml:"text"`
	Header   values.Text            `yaml:"header" dest:"header"`
	To       []values.Text          `yaml:"to" dest:"address"`
	HTML     values.HTML            `yaml:"html"`
	URL      values.URL             `yaml:"url"`
	JSON     values.Value           `yaml:"json"`
	At       values.Expr            `yaml:"at" type:"time"`
	Number   values.Expr            `yaml:"number" type:"number"`
	Any      values.Expr            `yaml:"any" type:"any"`
	Fields   map[string]values.Text `yaml:"fields"`
	Level    string                 `yaml:"level" enum:"low,high" default:"low"`
	Count    int                    `yaml:"count" default:"3"`
	Ratio    float64                `yaml:"ratio"`
	Loud     bool                   `yaml:"loud"`
	Soft     *bool                  `yaml:"soft"`
	Pause    units.Duration         `yaml:"pause" default:"5s"`
	Limit    units.Size             `yaml:"limit"`
	Token    values.Secret          `yaml:"token"`
	Deep     *noteDeep              `yaml:"deep"`
	noteMore `yaml:",inline"`
}

type noteMore struct {
	Channel string `yaml:"channel"`
}

type noteDeep struct {
	Name string `yaml:"name" required:"true"`
}

type noteResult struct {
	ID   string `json:"id" expr:"id"`
	Body any    `json:"body" expr:"body"`
}

func (p *noteParams) Build(conn any) (params.Action, error) {
	if p.Channel == "bad" {
		return nil, errors.Join(
			&params.FieldError{Field: "channel", Err: errors.New("does not exist"), Hint: "choose another"},
			&params.FieldError{Field: "fields.X-Id", Err: errors.New("is odd")},
		)
	}
	return &note{noteParams: *p, conn: conn}, nil
}

type note struct {
	noteParams
	conn any
}

// rendered is what a note comes to for one event.
type rendered struct {
	Text, Header, HTML, URL string
	To                      []string
	JSON                    any
	At                      any
	Any                     any
}

func (r *rendered) Do(context.Context, params.Delivery) (any, error) { return &noteResult{}, nil }

func upperBrackets(s string) string { return "[" + s + "]" }

func (n *note) Prepare(s *language.Scope) (params.Effect, error) {
	var (
		out  rendered
		errs []error
	)
	keep := func(err error) { errs = append(errs, err) }
	var err error
	out.Text, err = n.noteParams.Text.Render(s, upperBrackets)
	keep(err)
	out.Header, err = n.noteParams.Header.Render(s, nil)
	keep(err)
	out.HTML, err = n.noteParams.HTML.Render(s)
	keep(err)
	out.URL, err = n.noteParams.URL.Render(s)
	keep(err)
	out.JSON, err = n.noteParams.JSON.Render(s, nil)
	keep(err)
	out.At, err = n.noteParams.At.Eval(s)
	keep(err)
	out.Any, err = n.noteParams.Any.Eval(s)
	keep(err)
	for _, t := range n.noteParams.To {
		to, err := t.Render(s, nil)
		keep(err)
		out.To = append(out.To, to)
	}
	return &out, errors.Join(errs...)
}

// chatParams is an action that needs a connection.
type chatParams struct {
	Channel values.Text `yaml:"channel" required:"true"`
	Text    values.Text `yaml:"text" required:"true"`
}

func (p *chatParams) Build(conn any) (params.Action, error) { return &note{conn: conn}, nil }

type chatConnection struct {
	Token   values.Secret     `yaml:"token" required:"true"`
	Host    string            `yaml:"host"`
	Port    int               `yaml:"port"`
	Headers map[string]string `yaml:"headers"`
}

func (c *chatConnection) Open() (any, error) {
	if c.Host == "down.example" {
		return nil, &params.FieldError{Field: "host", Err: errors.New("is down"), Hint: "wait"}
	}
	return c, nil
}

func kinds() params.Kinds {
	return params.Kinds{
		Actions: []params.Kind{
			{
				Name: "note", New: func() params.Params { return &noteParams{} }, Connection: "notes", ConnectionOptional: true,
				NewResult: func() any { return &noteResult{} }, Timeout: 7 * time.Second,
			},
			{Name: "chat", New: func() params.Params { return &chatParams{} }, Connection: "chat"},
		},
		Connections: []params.ConnectionKind{
			{Name: "chat", New: func() params.ConnectionParams { return &chatConnection{} }},
			{Name: "notes", New: func() params.ConnectionParams { return &chatConnection{} }},
		},
	}
}

func env() map[string]string {
	return map[string]string{"CHAT_TOKEN": "xoxb-secret-token", "PORT": "587", "HOME_DOMAIN": "acme.example"}
}

// load compiles one file that must be sound.
func load(t testing.TB, content string) *rules.Set {
	t.Helper()
	set, findings := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(content)}}, rules.Options{Kinds: kinds(), Env: env()})
	if findings.HasErrors() {
		t.Fatalf("unexpected findings:\n%s", printed(findings))
	}
	return set
}

// findings compiles one file and returns what is said of it.
func findings(content string) text.Findings {
	_, f := rules.Load([]text.Source{{Name: "rules.yaml", Content: []byte(content)}}, rules.Options{Kinds: kinds(), Env: env()})
	return f
}

func printed(f text.Findings) string {
	var b strings.Builder
	_ = f.Text(&b)
	return b.String()
}

// noteRule is a file with one rule of one note; lines are its settings.
func noteRule(lines ...string) string {
	return "vars: { home: acme.example, base: \"https://api.example/v1\", list: [1, 2], person: { name: Ada } }\n" +
		"rules:\n  - name: r\n    event: \"*\"\n    actions:\n      - note:\n          " + strings.Join(lines, "\n          ") + "\n"
}

// render loads a note and renders it for the sample event.
func render(t testing.TB, lines ...string) (*rendered, error) {
	t.Helper()
	set := load(t, noteRule(lines...))
	r := set.Rules[0]
	scope := set.Scope(r, sampleEvent(t), language.ScopeOptions{Now: clock})
	effect, err := r.Actions[0].Action.Prepare(scope)
	if effect == nil {
		return nil, err
	}
	return effect.(*rendered), err
}

// golden compares with a file under testdata, or writes it with -update.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}
