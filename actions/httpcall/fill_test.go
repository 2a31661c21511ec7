package httpcall_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
)

// TestTextByItsType puts the same hostile value into texts of several types.
func TestTextByItsType(t *testing.T) {
	t.Parallel()
	const value = "A\"B</b>&\n\\"
	p := newPeer(t, noContent)
	check := func(contentType, text, want string) {
		t.Helper()
		quoted, err := json.Marshal(text) // is YAML, too
		if err != nil {
			t.Fatal(err)
		}
		action := `{ connection: crm, url: /x, text: ` + string(quoted) + `, headers: { Content-Type: "` + contentType + `" } }`
		if _, err := p.rig(t, action).Do(t.Context(), invitee, value, "meeting.id", "7"); err != nil {
			t.Errorf("%s: %v", text, err)
			return
		}
		if got := p.last(t).Body; got != want {
			t.Errorf("%s %s: sent %q, want %q", contentType, text, got, want)
		}
	}
	const name, id = "${{ meeting.meetingInfo.primaryInviteeName }}", "${{ meeting.id }}"
	check("application/json", `{"a": "x `+name+`", "b": `+name+`, "n": `+id+`}`, `{"a": "x A\"B</b>&\n\\", "b": "A\"B</b>&\n\\", "n": 7}`)
	check("application/json; charset=utf-8", `{"a": "\"`+name+`"}`, `{"a": "\"A\"B</b>&\n\\"}`)
	check("application/vnd.api+json", `[${{ toJSON(meeting.meetingInfo.primaryInviteeName) }}]`, `["A\"B\u003c/b\u003e\u0026\n\\"]`)
	check("application/x-ndjson", "{\"a\":\""+name+"\"}\n{\"b\":1}\n", "{\"a\":\"A\\\"B</b>&\\n\\\\\"}\n{\"b\":1}\n")
	check("application/json", `{"a": ${{ raw("1, 2") }}}`, `{"a": 1, 2}`)
	check("text/xml", `<?xml version="1.0"?><!-- > --><a t='`+name+`'>`+name+`<![CDATA[<]]></a>`,
		`<?xml version="1.0"?><!-- > --><a t='A&#34;B&lt;/b&gt;&amp;&#xA;\'>A&#34;B&lt;/b&gt;&amp;&#xA;\<![CDATA[<]]></a>`)
	check("application/soap+xml", `<a>`+name+`</a>`, `<a>A&#34;B&lt;/b&gt;&amp;&#xA;\</a>`)
	check("text/html", `<style>p{}</style><p>`+name+`</p>`, `<style>p{}</style><p>A&#34;B&lt;/b&gt;&amp;&#xA;\</p>`)
	check("application/x-www-form-urlencoded", `a=`+name+`&b=1`, `a=A%22B%3C%2Fb%3E%26%0A%5C&b=1`)
	check("text/plain", `a `+name, "a "+value)
	check("text/csv", `a,`+name, "a,"+value)
}

// TestJSONInsideJSON has a message whose text is JSON itself.
func TestJSONInsideJSON(t *testing.T) {
	t.Parallel()
	p := newPeer(t, noContent)
	const name = "${{ meeting.meetingInfo.primaryInviteeName }}"
	action := `{ connection: crm, url: /x, json: { inner: '{"name": "` + name + `"}', plain: '[` + name + `] booked', list: ["` + name + `"] } }`
	if _, err := p.rig(t, action).Do(t.Context(), invitee, `Eve", "admin": "yes`); err != nil {
		t.Fatal(err)
	}
	var outer struct {
		Inner, Plain string
		List         []string
	}
	if err := json.Unmarshal([]byte(p.last(t).Body), &outer); err != nil {
		t.Fatal(err)
	}
	var inner map[string]string
	if err := json.Unmarshal([]byte(outer.Inner), &inner); err != nil || len(inner) != 1 || inner["name"] != `Eve", "admin": "yes` {
		t.Errorf("inner is %s (%v)", outer.Inner, err)
	}
	if outer.Plain != `[Eve", "admin": "yes] booked` || outer.List[0] != `Eve", "admin": "yes` {
		t.Errorf("sent %+v", outer)
	}
}

func TestTextFindings(t *testing.T) {
	t.Parallel()
	check := func(action, want string) {
		t.Helper()
		got := actionstest.Findings(t, kinds(t), `
connections: { crm: { kind: http, base_url: "https://crm.example" } }
rules:
  - { name: try, event: "*", actions: [ { http: { connection: crm, url: /x, `+action+` } } ] }
`, nil)
		if !strings.Contains(got, want) {
			t.Errorf("%s: findings do not say %q:\n%s", action, want, got)
		}
	}
	check(`json: '{"a": "${{ meeting.id }}"}'`, "is JSON written as text")
	check(`json: '[1, "${{ meeting.id }}"]'`, "write it as YAML")
	check(`json: '{"a": 1}'`, "is JSON written as text")
	const inXML = `, headers: { content-type: application/xml }`
	check(`text: '<a ${{ meeting.id }}/>'`+inXML, "inside a quoted attribute")
	check(`text: '<a b=${{ meeting.id }}/>'`+inXML, "inside a quoted attribute")
	check(`text: '<!-- ${{ meeting.id }} --><a/>'`+inXML, "between tags")
	check(`text: '<a><![CDATA[${{ meeting.id }}]]></a>'`+inXML, "between tags")
	check(`text: '<script>${{ meeting.id }}</script>', headers: { Content-Type: text/html }`, "between tags")
	check(`text: '{"a": "\${{ meeting.id }}"}', headers: { Content-Type: application/json }`, "after a backslash")
}
