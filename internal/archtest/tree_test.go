package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/gavel-rules/gavel"

// room is a folder and what its code, tests aside, may import of the module:
// these folders and what is below them. A room may always import itself.
type room struct {
	name string
	may  []string // "*" for everything
	why  string
}

func rooms() []room {
	return []room{
		{"event/decode", []string{"event"}, "decoding turns bytes into events"},
		{"event/search", []string{"event"}, "searching knows the words of events, and not where they are kept"},
		{"event/own", nil, "what Gavel says of itself needs no other word of its own"},
		{"event/sample", []string{"event", "internal/spelling"}, "a sample is an event's body, and who posts it is not its business"},
		{"event", []string{"event/own"}, "event is the vocabulary that all others share, so it knows none of them"},
		{"privacy", []string{"event", "internal/spelling"}, "privacy decides what is hidden; who shows something is not its business"},
		{"rules/text", []string{"privacy", "internal/smallfile", "internal/spelling"}, "text is a file and its places, whatever is written in it"},
		{"rules/units", nil, "a length of time needs no word of Gavel's"},
		{"rules/moments", nil, "when something is due needs no word of Gavel's"},
		{"rules/language/calendar", nil, "the holidays of countries need no word of Gavel's"},
		{"rules/language/wording", nil, "changing a text needs no word of Gavel's"},
		{"rules/language/eval", []string{"event", "rules/language/calendar", "rules/language/wording", "rules/text", "rules/units"}, "eval is what runs in an expression; compiling is above it"},
		{"rules/language/sieve", []string{"event", "rules/language/eval"}, "a sieve decides conditions and knows no rule"},
		{"rules/language", []string{"event", "privacy", "rules/language/eval", "rules/language/sieve", "rules/text", "internal/spelling"}, "the language knows no rule that it is used in"},
		{"rules/values", []string{"event", "privacy", "rules/language", "rules/language/eval", "rules/language/sieve", "rules/text"}, "a value is compiled for its destination and knows no parameters"},
		{"rules/params", []string{"event", "rules/language", "rules/text", "rules/units", "rules/values", "internal/spelling"}, "parameters are filled without knowing which rule they are for"},
		{"rules/explain", []string{"event", "privacy", "rules", "rules/chains", "rules/language", "rules/language/eval", "rules/params", "rules/text", "rules/units", "rules/values"}, "an explanation reads a set and changes nothing"},
		{"rules/suite", []string{"event", "rules/language", "rules/params", "rules/text", "rules/units", "rules/values", "internal/spelling"}, "a suite is read; rehearse carries it out"},
		{"rules/format", []string{"rules", "rules/text"}, "formatting looks at the text alone"},
		{"rules/chains", []string{"event", "rules/language", "rules/language/eval", "rules/text", "rules/values"}, "what a chain is given and returns is known without its steps"},
		{"rules/collect", []string{"event", "rules/language", "rules/language/eval", "rules/text", "rules/values"}, "what is collected needs no rule"},
		{"rules/tables", []string{"event", "rules/language/eval", "rules/text"}, "a table is read without knowing what asks for it"},
		{"rules/live", []string{"rules", "rules/text", "internal/smallfile"}, "live swaps sets and asks nothing of them"},
		{"rules", []string{"event", "privacy", "rules/text", "rules/units", "rules/language", "rules/language/eval", "rules/language/sieve", "rules/values", "rules/params", "rules/tables", "rules/chains", "rules/moments", "rules/collect", "internal/spelling"}, "rules turns files into sets; who uses them is not its business"},
		{"receiver", []string{"event"}, "the receiver hands events to an interface of its own"},
		{"engine/gate", []string{"event", "rules"}, "a gate decides what may go out now and knows no runs"},
		{"engine/past", []string{"event", "rules"}, "the past is read for a run, and knows neither it nor the store"},
		{"engine/plan", []string{"event", "rules"}, "a plan is worked out from values; the engine stores and carries out"},
		{"engine/spans", []string{"event", "rules"}, "spans tell a trace what happens and decide nothing"},
		{"engine/vitals", []string{"event"}, "signs of life are kept apart from the life"},
		{"engine", []string{"event", "privacy", "rules", "engine/gate", "engine/past", "engine/plan", "engine/spans", "engine/vitals"}, "the engine meets stores and actions through interfaces"},
		{"schedule", []string{"event", "rules"}, "a schedule tells what is due; what comes of it is not its business"},
		{"rehearse", []string{"event", "rules", "engine", "schedule", "store"}, "a rehearsal is the engine on a store in memory, and knows no destinations"},
		{"actions/actionstest", []string{"actions", "event", "rules", "internal"}, "the contract test pins what rules ask of an action"},
		{"actions", []string{"event", "privacy", "rules", "internal/smallfile"}, "an action knows its parameters and what an event is"},
		{"store/storetest", []string{"store", "event", "engine"}, "the contract test pins what the engine asks of a store"},
		{"store/window", []string{"event"}, "what a window makes of a run is worked out from values"},
		{"store", []string{"event", "store/window", "internal/diskspace"}, "a store keeps events and runs and does not act on them"},
		{"notice", []string{"event"}, "notices are told through functions of their own; who matches them is not their business"},
		{"watchdog", nil, "the watchdog judges moments; where they come from and who is told is not its business"},
		{"api", []string{"event", "rules", "rehearse", "report", "watchdog"}, "the words of the HTTP API are made of the values that it tells of"},
		{"console", []string{"event", "rules", "api", "report", "watchdog", "docs"}, "the console reads through interfaces of its own, speaks the API, and shows explanations, reports and documents"},
		{"docs/site", nil, "a site is made of documents, whatever they are about"},
		{"docs", nil, "the documents are only embedded"},
		{"report", []string{"event"}, "a report is numbers; where they come from is not its business"},
		{"archive", []string{"event"}, "an archive takes events from a source of its own and knows no database"},
		{"export", []string{"event", "rules/language/wording"}, "an export writes what a source of its own gives it"},
		{"imports", []string{"event", "privacy"}, "an import hands events to an interface of its own"},
		{"vault", []string{"event", "store", "engine", "internal/smallfile", "internal/diskspace"}, "a database is opened for those who act on it and those who look at it, and knows neither"},
		{"ruleset", []string{"event", "rules", "rehearse", "actions", "internal/smallfile"}, "rules are loaded with all kinds of actions; who acts on them is not its business"},
		{"checkup", []string{"event", "receiver", "rules", "ruleset", "rehearse", "store", "vault"}, "a checkup looks at what a Gavel would use; who asks for it is not its business"},
		{"desk", []string{"event", "privacy", "rules", "ruleset", "engine", "rehearse", "store", "vault", "archive", "report", "api", "internal/spelling"}, "a desk answers out of a store, whoever asks"},
		{"app", []string{"*"}, ""},
		{"cmd", []string{"*"}, ""},
		{"bench/yardstick", nil, "what Gavel is measured against must not get faster with it"},
		{"bench", []string{"bench/yardstick", "event", "internal", "report", "store"}, "the benchmark measures the program from outside, and stores by themselves"},
		{"test", []string{"event", "privacy", "internal"}, "end-to-end tests use the program from outside"},
		{"internal/spelling", nil, "guessing a name needs no word of Gavel's"},
		{"internal/diskspace", nil, "how full a disk is needs no word of Gavel's"},
		{"internal/smallfile", nil, "reading a file needs no word of Gavel's"},
		{"internal", []string{"event"}, "stand-ins and test tools know Gavel from outside"},
		{"tools", nil, "a tool reads the tree and is no part of Gavel"},
		{".", nil, "the root only embeds files"},
	}
}

// testRooms are packages that only tests import.
func testRooms() []string {
	return []string{"store/storetest", "store/sqlite/sqlitetest", "actions/actionstest", "internal/testkit", "internal/archtest"}
}

// jsonLibrary reads a body in half the time of encoding/json.
const jsonLibrary = "github.com/go-json-experiment/json"

// homes says where a third-party package may be imported. A package that is
// not listed is free.
func homes() map[string][]string {
	return map[string][]string{
		"github.com/go-chi/chi":               {"receiver", "console", "internal/standin"},
		"github.com/expr-lang/expr":           {"rules/language", "rules/explain"},
		jsonLibrary:                           {"event/decode"},
		"gopkg.in/yaml.v3":                    {"rules"},
		"go.yaml.in/yaml":                     {"rules"},
		"github.com/yuin/goldmark":            {"docs/site"},
		"sigs.k8s.io/yaml":                    {"rules"},
		"github.com/fsnotify/fsnotify":        {"rules/live"},
		"github.com/aymanbagabas/go-udiff":    {"rehearse"},
		"github.com/netresearch/go-cron":      {"rules/moments"},
		"github.com/slack-go/slack":           {"actions/slack"},
		"github.com/wneessen/go-mail":         {"actions/email"},
		"github.com/emersion/go-smtp":         {"internal/standin"},
		"github.com/emersion/go-sasl":         {"internal/standin"},
		"filippo.io/age":                      {"vault/copies"},
		"modernc.org/sqlite":                  {"store/sqlite", "bench/yardstick"},
		"github.com/gofrs/flock":              {"store/sqlite", "archive", "internal/testkit", "vault/copies"},
		"github.com/jackc/pgx":                {"store/postgres", "internal/testkit", "bench"},
		"github.com/pressly/goose":            {"store/upgrade"},
		"database/sql":                        {"store", "bench"},
		"github.com/spf13/cobra":              {"cmd"},
		"github.com/spf13/pflag":              {"cmd"},
		"github.com/coreos/go-systemd":        {"app/systemd"},
		"github.com/KimMachineGun":            {"app/budget"},
		"github.com/google/go-cmp":            testRooms(),
		"github.com/stretchr/testify":         nil,
		"testing":                             testRooms(),
		"github.com/prometheus/client_golang": {"app/metrics"},
		"go.opentelemetry.io/otel":            {"app", "vault", "receiver", "engine", "actions", "internal/testkit"},
		"go.opentelemetry.io/otel/sdk":        {"app/traces"},
		"go.opentelemetry.io/otel/exporters":  {"app/traces"},
		"go.opentelemetry.io/proto":           {"internal/testkit"},
		"google.golang.org/grpc":              {"internal/testkit"},
	}
}

// pkg is what "go list -json" reports a package.
type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string
	Module     *struct{ Path string }
}

func TestArrowsPointDown(t *testing.T) {
	t.Parallel()
	for _, p := range listed(t) {
		from, ok := inModule(p.ImportPath)
		if !ok {
			continue
		}
		for _, fault := range faults(from, p.Imports) {
			t.Error(fault)
		}
	}
}

func TestNoPackageIsADrawer(t *testing.T) {
	t.Parallel()
	drawers := []string{"util", "utils", "common", "helper", "helpers", "types", "models", "misc", "base", "shared", "lib", "pkg"}
	for _, p := range listed(t) {
		path, ok := inModule(p.ImportPath)
		if !ok {
			continue
		}
		for _, name := range strings.Split(path, "/") {
			if slices.Contains(drawers, name) {
				t.Errorf("package %s: the name %q says nothing about what is inside; name the concept", path, name)
			}
		}
	}
}

// TestEveryRoomIsKnown makes a new top folder declare its arrows.
func TestEveryRoomIsKnown(t *testing.T) {
	t.Parallel()
	for _, p := range listed(t) {
		path, ok := inModule(p.ImportPath)
		if ok && roomOf(path).name == "" {
			t.Errorf("package %s: its top folder is not in the list of rooms; say there what it may import", path)
		}
	}
}

// crowded is how many Go files, tests aside, a package may have before it wants
// rooms.
const crowded = 20

func TestNoRoomIsCrowded(t *testing.T) {
	t.Parallel()
	for _, p := range listed(t) {
		path, ok := inModule(p.ImportPath)
		if !ok {
			continue
		}
		files, err := filepath.Glob(filepath.Join("../..", path, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
		if len(files) > crowded {
			t.Errorf("package %s has %d Go files, more than %d: find the rooms in it", path, len(files), crowded)
		}
	}
}

// TestFaults shows the rules at work on imports that nobody should write.
func TestFaults(t *testing.T) {
	t.Parallel()
	check := func(from, to, want string) {
		t.Helper()
		got := strings.Join(faults(from, []string{to}), "\n")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s → %s: got %q, want %q", from, to, got, want)
		}
	}
	check("event", module+"/rules", "event → rules points up or sideways: event is the vocabulary")
	check("event", "github.com/google/uuid", "event → github.com/google/uuid: event imports the standard library only")
	check("event", "encoding/json", "")
	check("event", jsonLibrary, "event imports the standard library only")
	check("event/decode", jsonLibrary+"/v1", "")
	check("engine", jsonLibrary, "its home is event/decode")
	check("event", module+"/event/decode", "event → event/decode points up or sideways")
	check("event/sample", module+"/event/decode", "")
	check("receiver", module+"/event/decode", "")
	check("rules", module+"/engine", "rules → engine points up or sideways")
	check("receiver", module+"/rules", "receiver → rules points up or sideways")
	check("store/sqlite", module+"/engine", "store/sqlite → engine points up or sideways")
	check("store/sqlite", module+"/store/internal/ledger", "")
	check("actions/slack", module+"/actions/http", "")
	check("actions/slack", "github.com/slack-go/slack/slackutilsx", "")
	check("actions/email", "github.com/slack-go/slack", "its home is actions/slack")
	check("engine", "github.com/go-chi/chi/v5", "its home is receiver, console, internal/standin")
	check("console", "github.com/go-chi/chi/v5/middleware", "")
	check("cmd/gavel", "gopkg.in/yaml.v3", "its home is rules")
	check("engine", "database/sql", "its home is store")
	check("rules", "github.com/google/go-cmp/cmp", "its home is store/storetest")
	check("rules", "github.com/stretchr/testify/require", "standard library and go-cmp")
	check("cmd/gavel", module+"/internal/testkit", "it is for tests")
	check("store/storetest", module+"/engine", "")
	check("app", module+"/console", "")
	check("cmd/gavel", module+"/store/sqlite", "")
	check(".", module+"/event", ". → event points up or sideways")
}

// faults words what is wrong with the imports of a package of the module.
func faults(from string, imports []string) []string {
	var out []string
	r := roomOf(from)
	for _, path := range imports {
		to, own := inModule(path)
		switch {
		case own && slices.Contains(testRooms(), to) && !slices.Contains(testRooms(), from):
			out = append(out, from+" → "+to+": it is for tests")
		case own && roomOf(to).name != r.name && !r.allows(to):
			out = append(out, from+" → "+to+" points up or sideways: "+r.why)
		case !own && within(r.name, "event") && !(from == "event/decode" && within(path, jsonLibrary)) && strings.Contains(strings.Split(path, "/")[0], "."):
			out = append(out, from+" → "+path+": event imports the standard library only, because everything imports event")
		case !own:
			if fault := homeless(from, path); fault != "" {
				out = append(out, fault)
			}
		}
	}
	return out
}

func (r room) allows(to string) bool {
	return slices.ContainsFunc(r.may, func(dir string) bool { return dir == "*" || within(to, dir) })
}

func homeless(from, path string) string {
	for library, places := range homes() {
		if !within(path, library) || slices.ContainsFunc(places, func(place string) bool { return within(from, place) }) {
			continue
		}
		if len(places) == 0 {
			return from + " → " + path + ": the tests here use the standard library and go-cmp"
		}
		return from + " → " + path + ": its home is " + strings.Join(places, ", ") + "; elsewhere go through what that package offers"
	}
	return ""
}

func roomOf(path string) room {
	for _, r := range rooms() {
		if within(path, r.name) {
			return r
		}
	}
	return room{}
}

func within(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

// inModule returns the folder of a package of this module.
func inModule(path string) (string, bool) {
	if path == module {
		return ".", true
	}
	return strings.CutPrefix(path, module+"/")
}

// listed returns every package of the module and what it is built from.
func listed(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-json=ImportPath,Standard,Imports,Module", "./...")
	cmd.Dir = "../.."
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var all []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list told of %d packages only", len(all))
	}
	return all
}
