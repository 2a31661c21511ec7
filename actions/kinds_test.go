package actions_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions"
	"github.com/gavel-rules/gavel/actions/actionstest"
)

func TestKindsAreComplete(t *testing.T) {
	t.Parallel()
	kinds := actions.Kinds(actions.Deps{})
	connections := map[string]bool{}
	for _, c := range kinds.Connections {
		connections[c.Name] = true
		if c.Doc == "" {
			t.Errorf("connection %s has no doc", c.Name)
		}
		checkTags(t, c.Name, reflect.TypeOf(c.New()).Elem())
	}
	var names []string
	for _, k := range kinds.Actions {
		names = append(names, k.Name)
		if k.Doc == "" || k.Timeout <= 0 || k.NewResult == nil {
			t.Errorf("%s: doc, timeout or result is missing", k.Name)
		}
		if k.Connection != "" && !connections[k.Connection] {
			t.Errorf("%s: there is no connection kind %q", k.Name, k.Connection)
		}
		checkTags(t, k.Name, reflect.TypeOf(k.New()).Elem())
		result := reflect.TypeOf(k.NewResult()).Elem()
		for _, f := range reflect.VisibleFields(result) {
			if f.Anonymous {
				continue // its fields are among the visible ones
			}
			if json, _, _ := strings.Cut(f.Tag.Get("json"), ","); f.Tag.Get("expr") == "" || f.Tag.Get("expr") != json {
				t.Errorf("%s: result field %s has expr tag %q and json tag %q", k.Name, f.Name, f.Tag.Get("expr"), f.Tag.Get("json"))
			}
		}
	}
	if diff := cmp.Diff([]string{"slack", "http", "email", "log", "wait", "remember", "increment"}, names); diff != "" {
		t.Errorf("kinds (-want +got):\n%s", diff)
	}
}

// checkTags makes sure that the reference, made from these tags, says
// something of every parameter of an action or connection.
func checkTags(t *testing.T, kind string, params reflect.Type) {
	t.Helper()
	for i := range params.NumField() {
		f := params.Field(i)
		if !f.IsExported() {
			continue
		}
		if f.Tag.Get("yaml") == "" || f.Tag.Get("doc") == "" && f.Tag.Get("example") == "" {
			t.Errorf("%s.%s has no yaml tag, or neither doc nor example", kind, f.Name)
		}
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && !strings.Contains(inner.PkgPath(), "/rules/") {
			checkTags(t, kind+"."+f.Name, inner)
		}
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	rig := actionstest.Load(t, actions.Kinds(actions.Deps{Logger: logger}), `
rules:
  - name: try
    event: scheduling.*
    actions:
      - log: { message: "booked by ${{ meeting.meetingInfo.primaryInviteeName }}", level: warn, fields: { owner: "${{ meeting.meetingOwner.username }}" } }
`, nil)
	actionstest.PreviewContract(t, rig, nil)
	if out.Len() > 0 {
		t.Errorf("preparing wrote %s", out.String())
	}
	if _, err := rig.Do(t.Context(), "meeting.meetingInfo.primaryInviteeName", "Eve\r\n\x1b[31mlevel=ERROR\u202e", "meeting.meetingOwner.username", "ada@acme.example"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Errorf("%d lines were written, want 1", n)
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	delete(line, "time")
	want := map[string]any{
		"level": "WARN", "msg": "rule says", "text": "booked by Eve [31mlevel=ERROR", "rule": "try", "action": "first",
		"event_id": "evt-1", "run_id": "0190-run", "fields": map[string]any{"owner": "ada@acme.example"},
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("line (-want +got):\n%s", diff)
	}
}
