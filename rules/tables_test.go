package rules_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/rules"
	"github.com/gavel-rules/gavel/rules/explain"
	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/text"
)

const owners = "username,slack,limit,vip,since\nolga@acme.example,U123,1234567890123456789.5,yes,2026-01-31\n Max@acme.example ,\"U,\"\"4\",,,\n"

// tabled loads rules of one note with a table.
func tabled(declared, csv, line string) (*rules.Set, text.Findings) {
	return rules.Load([]text.Source{
		{Name: "rules.yaml", Content: []byte("tables: { owners: " + declared + " }\nrules:\n  - name: r\n    event: \"*\"\n    actions:\n      - note:\n          " + line + "\n")},
		{Name: "owners.csv", Content: []byte(csv)},
	}, rules.Options{Kinds: kinds()})
}

const typedOwners = "{ file: owners.csv, columns: { limit: number, vip: bool, since: time } }"

func TestTables(t *testing.T) {
	t.Parallel()
	check := func(expr string, want any) {
		t.Helper()
		set, found := tabled(typedOwners, owners, "any: |-\n            "+expr)
		if found.HasErrors() {
			t.Errorf("%s: %s", expr, printed(found))
			return
		}
		r := set.Rules[0]
		effect, err := r.Actions[0].Action.Prepare(set.Scope(r, sampleEvent(t), language.ScopeOptions{Now: clock}))
		if err != nil {
			t.Errorf("%s: %v", expr, err)
			return
		}
		if diff := cmp.Diff(want, effect.(*rendered).Any); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expr, diff)
		}
	}
	check(`tables.owners[meeting.meetingOwner.username].slack`, "U123")
	check(`tables.owners["max@ACME.example"].slack`, `U,"4`)
	check(`tables.owners[" " + upper(meeting.meetingOwner.username)].vip`, true)
	check(`string(tables.owners[meeting.meetingOwner.username].limit + 1)`, "1234567890123456790.5")
	check(`tables.owners[meeting.meetingOwner.username].since`, time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC))
	// What is not there is absent.
	check(`tables.owners[meeting.id].slack`, "")
	check(`tables.owners[meeting.id] == nil`, true)
	check(`has(tables.owners[meeting.meetingOwner.username])`, true)
	check(`tables.owners[data.nope].slack ?? "none"`, "none")
	check(`default(tables.owners[meeting.id].limit, 5)`, 5)
	check(`has(tables.owners["max@acme.example"].limit)`, false)
	check(`tables.owners["max@acme.example"].since == nil`, true)
	check(`tables.owners[meeting.id].vip`, false)
	// All rows, in the order of the file.
	check(`len(tables.owners)`, 2)
	check(`find(tables.owners, .vip).slack`, "U123")
	check(`find(tables.owners, .slack == "nobody").slack`, "")
	check(`find(tables.owners, .slack == "nobody") == nil`, true)
	check(`find(tables.owners, .slack == "nobody")?.slack ?? "none"`, "none")
	check(`map(filter(tables.owners, not .vip), .username)`, []any{"Max@acme.example"})
	check(`any(invitees(), tables.owners[#].vip)`, false)
	check(`json(find(tables.owners, .vip).since)`, `"2026-01-31T00:00:00Z"`)
}

// TestTableMistakes: each has its file, line and column.
func TestTableMistakes(t *testing.T) {
	t.Parallel()
	check := func(declared, csv, line string, want ...string) {
		t.Helper()
		_, found := tabled(declared, csv, line)
		for i, f := range found {
			if i >= len(want) || !strings.Contains(f.String(), want[i]) {
				t.Errorf("%s %q\n%s", declared, csv, printed(found))
				return
			}
		}
		if len(found) != len(want) {
			t.Errorf("%s %q: %d findings\n%s", declared, csv, len(found), printed(found))
		}
	}
	const look, all, plain = `text: "${{ tables.owners[meeting.id].slack }}"`, `text: "${{ len(tables.owners) }}"`, "owners.csv"
	check(plain, "username,slack\na,1\nb,2\nA ,3\n,4\n", look,
		`owners.csv:4:1: "A" is the key (username) of two rows; the first is in line 2; remove one of them`, `owners.csv:5:1: the key (username) is empty`)
	check(plain, "username,slack\na,1\na,2\n", all)
	check("{ file: owners.csv, key: slack }", "username,slack\na,1\nb,1\n", all, `owners.csv:3:1: "1" is the key (slack) of two rows`)
	check("{ file: owners.csv, key: slak }", "username,slack\na,1\n", look, `owners.csv:1:1: column "slak" is missing; did you mean "slack"?`)
	check(typedOwners, "username,slack\na,1\n", all, `column "limit" is missing`, `column "since" is missing`, `column "vip" is missing`)
	check(typedOwners, "username,slack,limit,vip,since\na,é,01,maybe,31.1.2026\n", all,
		`owners.csv:2:5: "01" in column limit is not a number; write it as 1234.5`, `owners.csv:2:8: "maybe" in column vip is not true or false`,
		`owners.csv:2:14: "31.1.2026" in column since is not a time; write it as 2026-01-31`)
	check(plain, "username,slack\na\n\nb,2,3\n", all, `owners.csv:2:1: this row has 1 cell, the header has 2`, `owners.csv:4:1: this row has 3 cells`)
	check(plain, "username,slack\na,x\"y\n", all, `owners.csv:2:4: a double quote in a cell without quotes; put the whole cell in double quotes`)
	check(plain, "username,slack\na,\"x\"y\n", all, `owners.csv:2:5: the quotes of this cell do not match`)
	check(plain, "", all, "owners.csv:1:1: the table is empty; begin it with a line of column names")
	check(plain, "username,Slack id,,username\n", all, `owners.csv:1:10: column name "Slack id" is not allowed`, `owners.csv:1:19: column 3 has no name`, `owners.csv:1:20: column "username" is there twice`)
	check(plain, "username,slack\nGr\xf6\xdfe,1\n", all, "owners.csv:2: not valid UTF-8; save it as UTF-8")
	check("../owners.csv", owners, `text: x`, `rules.yaml:1:19: table file "../owners.csv" is outside of the folder of the rules`)
	check("/etc/owners.csv", owners, `text: x`, "is outside of the folder of the rules")
	check("owners.txt", owners, `text: x`, "is not a *.csv file")
	check("owner.csv", owners, look, `rules.yaml:1:19: table file "owner.csv": not found; check the path; it begins at the folder of this file`)
	check("{ file: owners.csv, columns: { limit: int } }", owners, `text: x`, `rules.yaml:1:57: "int" is not a type of column; write one of text, number, bool, time`)
	check("[owners.csv]", owners, `text: x`, "a table must be the name of a file, not a list")
	check("{ key: slack }", owners, `text: x`, `"file" is missing`)
	check(plain, owners, `text: "${{ tables.owners[meeting.id].slak }}"`, `rules.yaml:7:48: rule "r": unknown field "slak"; did you mean "slack"?`)
	check(plain, owners, `text: "${{ tables.owner[meeting.id].slack }}"`, `rules.yaml:7:29: rule "r": no table has the name "owner"; did you mean "owners"?`)
	check(plain, owners, `text: "${{ tables.owners.slack }}"`, `table "owners" has no row "slack"; write tables.owners[…].slack with a key (username) in the brackets`)
	check(plain, owners, `text: "${{ tables.owners[\"nobody\"].slack }}"`, `table "owners" has no row "nobody"; check the key (username)`)
	check(plain, owners, `text: "${{ len(tables) }}"`, "tables cannot be used as a whole; name the table: tables.NAME")
	check(plain, owners, `any: find(tables.owners, .slak == "x")`, `unknown field "slak"; did you mean "slack"?`)

	// A table that rules name and cannot be read is told once, where it is.
	if set, found := tabled("owner.csv", owners, look); set != nil || len(found) != 1 {
		t.Errorf("a table that is not there: %s", printed(found))
	}
	bad := "username,slack\n" + strings.Repeat("a\n", 1000)
	_, found := tabled(plain, bad, all)
	if len(found) != 20 || !strings.Contains(found.Error(), "more mistakes of this file are not listed") {
		t.Errorf("%d findings of 1,000 mistakes", len(found))
	}
	set, found := tabled(typedOwners, owners, "any: tables.owners[meeting.id].limit + 1")
	if found.HasErrors() {
		t.Fatal(printed(found))
	}
	_, err := set.Rules[0].Actions[0].Action.Prepare(set.Scope(set.Rules[0], sampleEvent(t), language.ScopeOptions{Now: clock}))
	if want := "tables.owners[…] has no limit; check it with has(tables.owners[…].limit) first"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestTableOfSpreadsheets: what they write is read.
func TestTableOfSpreadsheets(t *testing.T) {
	t.Parallel()
	for name, csv := range map[string]string{
		"byte order mark": "\ufeffusername,slack\nm-1,U1\n", "CRLF": "username,slack\r\nm-1,U1\r\n", "CR": "username,slack\rm-1,U1\r",
		"semicolons": "username;slack\nm-1;U1\n", "tabs": "username\tslack\nm-1\tU1\n", "quotes": "\"username\",\"slack\"\r\n\"m-1\",\"U1\"\r\n", "no last line feed": "username,slack\nm-1,U1",
	} {
		set, found := tabled("owners.csv", csv, `text: "${{ tables.owners[meeting.id].slack }}"`)
		if found.HasErrors() {
			t.Errorf("%s: %s", name, printed(found))
			continue
		}
		effect, err := set.Rules[0].Actions[0].Action.Prepare(set.Scope(set.Rules[0], sampleEvent(t), language.ScopeOptions{Now: clock}))
		if err != nil || effect.(*rendered).Text != "[U1]" {
			t.Errorf("%s: %v, %v", name, effect, err)
		}
	}
}

// TestLargeTable: 100,000 rows are looked up by key and gone through once, and
// not once for each of them.
func TestLargeTable(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("username,slack\n")
	for i := range 100_000 {
		fmt.Fprintf(&b, "u%d@acme.example,U%d\n", i, i)
	}
	check := func(when, want string) {
		t.Helper()
		set, found := rules.Load([]text.Source{
			{Name: "rules.yaml", Content: []byte("tables: { owners: owners.csv }\nrules: [ { name: r, event: \"*\", when: '" + when + "', actions: [ { note: { text: x } } ] } ]\n")},
			{Name: "owners.csv", Content: []byte(b.String())},
		}, rules.Options{Kinds: kinds()})
		if found.HasErrors() {
			t.Fatal(printed(found))
		}
		v := set.Match(sampleEvent(t))
		got := "no"
		if len(v) > 0 && v[0].Matched {
			got = "yes"
		} else if len(v) > 0 {
			got = v[0].Err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", when, got, want)
		}
		x := explain.New(set).Explain(sampleEvent(t), explain.ExplainOptions{})
		if x.Rules[0].When == nil {
			t.Errorf("%s is not explained", when)
		}
	}
	check(`tables.owners["u77777@acme.example"].slack == "U77777"`, "yes")
	check(`find(tables.owners, .slack == "U99999").username == "u99999@acme.example"`, "yes")
	check(`any(tables.owners, let x = .slack; any(tables.owners, .username == x))`, "the expression takes too many steps")
	b.WriteString("one,more\n")
	_, found := tabled("owners.csv", b.String(), "text: x")
	if want := "owners.csv:100002:1: the table has more than 100000 rows"; !strings.Contains(found.Error(), want) {
		t.Errorf("%s, want %s", found.Error(), want)
	}
}

// TestTableIsPartOfTheRevision: a run keeps the table that its event met.
func TestTableIsPartOfTheRevision(t *testing.T) {
	t.Parallel()
	one, _ := tabled("owners.csv", owners, "text: x")
	other, _ := tabled("owners.csv", owners+"x,y,,,\n", "text: x")
	if one.Revision == other.Revision || one.Same(other) {
		t.Error("another table has the same revision")
	}
	sources, err := text.DecodeSources(text.EncodeSources(one.Sources))
	if err != nil {
		t.Fatal(err)
	}
	again, found := rules.Load(sources, rules.Options{Kinds: kinds()})
	if found.HasErrors() || !again.Same(one) {
		t.Errorf("stored and loaded again: %s", printed(found))
	}
	if o := rules.Outlines(sources); len(o) != 1 {
		t.Errorf("%+v", o)
	}
}
