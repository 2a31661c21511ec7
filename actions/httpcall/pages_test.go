package httpcall_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/httpcall"
	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/params"
)

// book answers each address below /a%2Fpi with a page: JSON, or "Link: …" and JSON
// after a space. SELF is the address of the peer.
func book(t *testing.T, pages map[string]string) *peer {
	t.Helper()
	var p *peer
	p = newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		page, ok := pages[strings.TrimPrefix(r.RequestURI, "/a%2Fpi")]
		if !ok {
			http.Error(w, `{"error":"no such page"}`, http.StatusNotFound)
			return
		}
		page = strings.ReplaceAll(page, "SELF", p.URL)
		if link, body, linked := strings.Cut(page, "\n"); linked {
			w.Header().Set("Link", link)
			page = body
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(page))
	})
	return p
}

func (p *peer) uris() (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.seen {
		out = append(out, strings.TrimPrefix(s.URI, "/a%2Fpi"))
	}
	return out
}

// TestPages reads lists as real APIs give them.
func TestPages(t *testing.T) {
	t.Parallel()
	check := func(settings string, pages map[string]string, want string, uris ...string) {
		t.Helper()
		p := book(t, pages)
		result, err := p.rig(t, `{ connection: crm, url: /c, pages: `+settings+` }`).Do(t.Context())
		if err != nil {
			t.Errorf("%s: %v", settings, err)
			return
		}
		got, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s: result is\n%s, want\n%s", settings, got, want)
		}
		if diff := cmp.Diff(uris, p.uris()); diff != "" {
			t.Errorf("%s: asked for (-want +got):\n%s", settings, diff)
		}
	}
	const two = `{"items":[1,2],"pages":2,"more":false}`
	// Link headers: whole addresses, relative ones, and among others.
	check(`{}`, map[string]string{"/c": "<SELF/a%2Fpi/c?page=2>; rel=\"next\"\n[1]", "/c?page=2": "<SELF/a%2Fpi/c>; rel=\"first\"\n[2]"}, two, "/c", "/c?page=2")
	check(`{}`, map[string]string{"/c": "<?p=0>; rel=\"prev last\"; title=\"a, b; rel=next <x>\", <?p=2>;rel=NEXT\n[1]", "/c?p=2": "[2]"}, two, "/c", "/c?p=2")
	// An address in the body, with the list elsewhere, until it is null.
	check(`{ items: page.body.items, next: page.body.next }`,
		map[string]string{"/c": `{"items":[1],"next":"/a%2Fpi/d?x=%2F"}`, "/d?x=%2F": `{"items":[2],"next":null}`}, two, "/c", "/d?x=%2F")
	// A cursor, with digits that floating point would change, and one that is empty at the end.
	check(`{ items: page.body.items, next: page.body.after, cursor: after }`,
		map[string]string{"/c": `{"items":[1],"after":9007199254740993}`, "/c?after=9007199254740993": `{"items":[2],"after":""}`}, two, "/c", "/c?after=9007199254740993")
	check(`{ items: page.body.items, next: page.body.after, cursor: after }`,
		map[string]string{"/c": `{"items":[1],"after":"a&b="}`, "/c?after=a%26b%3D": `{"items":[2]}`}, two, "/c", "/c?after=a%26b%3D")
	// Numbers of pages, until one is not full.
	check(`{ next: page.number + 1, cursor: page, until: len(page.body) < 1 }`,
		map[string]string{"/c": `[1]`, "/c?page=2": `[2]`, "/c?page=3": `[]`}, `{"items":[1,2],"pages":3,"more":false}`, "/c", "/c?page=2", "/c?page=3")
	// The page that ends it counts.
	check(`{ next: page.number, cursor: n, until: "page.body[0] == 2" }`, map[string]string{"/c": `[1]`, "/c?n=1": `[2]`, "/c?n=2": `[3]`}, two, "/c", "/c?n=1")
	// At max there may be more.
	check(`{ max: 2, next: page.number, cursor: n }`, map[string]string{"/c": `[1]`, "/c?n=1": `[2]`}, `{"items":[1,2],"pages":2,"more":true}`, "/c", "/c?n=1")
	check(`{ max: 1, items: page.body.none }`, map[string]string{"/c": `{}`}, `{"items":[],"pages":1,"more":false}`, "/c")
	// Less of each item, and an item for each page.
	check(`{ items: "map(page.body, { {id: .id, of: page.number} })" }`, map[string]string{"/c": `[{"id":7,"x":1}]`}, `{"items":[{"id":7,"of":1}],"pages":1,"more":false}`, "/c")
	check(`{ items: "[page.body.total]" }`, map[string]string{"/c": `{"total":12345678901234567890}`}, `{"items":[12345678901234567890],"pages":1,"more":false}`, "/c")
}

// TestPagesOfASearch puts the cursor into the body.
func TestPagesOfASearch(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		n := len(r.Header.Get("Idempotency-Key")) // longer for the second
		_, _ = fmt.Fprintf(w, `{"items":[%d],"next":%t}`, n, n == len(actionstest.Delivery().Key))
	})
	_, err := p.rig(t, `{ connection: crm, url: /s, json: { q: "${{ meeting.id }}", v: { n: 9007199254740993 } },
		pages: { items: page.body.items, next: "page.body.next ? \"c\" : nil", cursor: v.after.id } }`).Do(t.Context(), "meeting.id", "m1")
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"q":"m1","v":{"after":{"id":"c"},"n":9007199254740993}}`; p.last(t).Body != want {
		t.Errorf("the second body is %s, want %s", p.last(t).Body, want)
	}
	first, second := p.seen[0].Header.Get("Idempotency-Key"), p.last(t).Header.Get("Idempotency-Key")
	if first != actionstest.Delivery().Key || second != first+"-2" {
		t.Errorf("the keys are %q and %q", first, second)
	}
}

// TestPagesFail: an API that leads elsewhere, in circles, or to something else.
func TestPagesFail(t *testing.T) {
	t.Parallel()
	check := func(settings string, pages map[string]string, cause event.Cause, retry bool, want string, calls int) {
		t.Helper()
		p := book(t, pages)
		_, err := p.rig(t, `{ connection: crm, url: /c, max_response: 100, `+settings+` }`).Do(t.Context())
		if err == nil {
			t.Errorf("%s %v: succeeded", settings, pages)
			return
		}
		f := actionstest.Failure(t, err)
		if f.Cause != cause || f.Retry != retry || !strings.Contains(strings.ReplaceAll(f.Error(), p.URL, "SELF"), want) {
			t.Errorf("%s %v: %s, retry %t: %s\nwant %s, %q", settings, pages, f.Cause, f.Retry, f.Error(), cause, want)
		}
		if got := p.uris(); len(got) != calls {
			t.Errorf("%s %v: asked for %v", settings, pages, got)
		}
	}
	next := func(to string) map[string]string {
		return map[string]string{"/c": "<" + to + ">; rel=next\n[1]", "/c?p=2": "[2]"}
	}
	const elsewhere = "page 1: the address of the next page is "
	check(`pages: {}`, next("https://evil.example/c"), event.CauseRefused, false, elsewhere+"at https://evil.example, but the list is at SELF; credentials are not sent elsewhere", 1)
	check(`pages: {}`, next("//evil.example/a%2Fpi/c"), event.CauseRefused, false, "evil.example", 1)
	check(`pages: {}`, next("http://127.0.0.1:1/a%2Fpi/c?p=2"), event.CauseRefused, false, "at http://127.0.0.1:1, but", 1)
	check(`pages: {}`, next(`http:\\evil.example/c`), event.CauseRefused, false, "the address of the next page", 1)
	check(`pages: {}`, next("javascript:alert(1)"), event.CauseRefused, false, "not an http or https address", 1)
	check(`pages: {}`, next("http://a:b@127.0.0.1/"), event.CauseRefused, false, "without a user", 1)
	check(`pages: {}`, next("/other"), event.CauseRefused, false, elsewhere+"not below /a%2Fpi/, the base_url of the connection", 1)
	check(`pages: {}`, next("/a%2Fpi2/c"), event.CauseRefused, false, "not below", 1)
	check(`pages: {}`, next("../x"), event.CauseRefused, false, "not below", 1)
	check(`pages: {}`, next("/a%2Fpi/%2e%2e/x"), event.CauseRefused, false, "path segment", 1)
	check(`pages: {}`, next("?p=3"), event.CauseClient, false, "page 2: 404 Not Found", 2)
	check(`pages: {}`, next("/a%2Fpi/c#again"), event.CauseServer, false, "page 1: it leads back to page 1, so the list has no end", 1)
	check(`pages: {}`, map[string]string{"/c": "<?a>; rel=next\n[]", "/c?a": "<?b>; rel=next\n[]", "/c?b": "<?a>; rel=next\n[]"}, event.CauseServer, false, "page 3: it leads back to page 2", 3)
	check(`pages: { next: page.body.n, items: page.body.i, cursor: c }`, map[string]string{"/c": `{"n":"x"}`, "/c?c=x": `{"n":"x"}`}, event.CauseServer, false, "page 2: it leads back to page 2", 2)
	check(`pages: {}`, map[string]string{"/c": `{"items":[]}`}, event.CauseExpression, false, "page 1: its body is not a list but an object; say with pages.items where the list is", 1)
	check(`pages: { items: page.body.a }`, map[string]string{"/c": `{"a":"x"}`}, event.CauseExpression, false, "expected a list, but this is text", 1)
	check(`pages: { next: "page.body[0]" }`, map[string]string{"/c": `[7]`}, event.CauseExpression, false, "a number is not an address", 1)
	check(`pages: { next: "page.body[0]" }`, map[string]string{"/c": `[true]`}, event.CauseExpression, false, "expected text or a number", 1)
	check(`pages: { until: "page.body[0]" }`, map[string]string{"/c": `["no"]`}, event.CauseExpression, false, "expected true or false", 1)
	check(`pages: { until: "page.body[0].a.b > 3" }`, map[string]string{"/c": `[{}]`}, event.CauseExpression, false, "page 1:", 1)
	check(`pages: {}`, map[string]string{"/c": `["` + strings.Repeat("x", 99) + `"]`}, event.CauseServer, false, "page 1: it is larger than 100 B, which is max_response", 1)
	check(`pages: { next: page.number, cursor: p }`, map[string]string{"/c": `["` + strings.Repeat("x", 80) + `"]`, "/c?p=1": `["` + strings.Repeat("x", 80) + `"]`},
		event.CauseServer, false, "page 2: the items are larger than 100 B together", 2)
}

// TestPagesFailOnce: a server error at a later page is tried again as a whole,
// and a page that is no JSON says so.
func TestPagesFailOnce(t *testing.T) {
	t.Parallel()
	p := newPeer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.RawQuery {
		case "html":
			w.Header().Set("Content-Type", "text/html")
		case "p=1":
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			w.Header().Set("Content-Type", "application/json")
		}
		_, _ = w.Write([]byte(`[1]`))
	})
	seen := &params.Exchange{}
	d := actionstest.Delivery()
	d.Exchange = seen
	_, err := p.rig(t, `{ connection: crm, url: /c, pages: { next: page.number, cursor: p } }`).Effect().Do(t.Context(), d)
	if f := actionstest.Failure(t, err); f.Cause != event.CauseRateLimited || !f.Retry || f.RetryAfter.Seconds() != 7 || !strings.HasPrefix(f.Error(), "page 2: 429") {
		t.Errorf("the failure is %+v", f)
	}
	if raw, err := json.Marshal(seen.Collected().Reply); err != nil || !strings.Contains(string(raw), `"status":429`) {
		t.Errorf("the history has %s", raw)
	}
	_, err = p.rig(t, `{ connection: crm, url: "/c?html", pages: { items: page.body.items } }`).Do(t.Context())
	if f := actionstest.Failure(t, err); !strings.Contains(f.Error(), "the page is text/html, not JSON") {
		t.Errorf("the failure is %s", f.Error())
	}
}

// TestPagesInTheHistory: what was read is told in numbers, with the items, and
// without secrets.
func TestPagesInTheHistory(t *testing.T) {
	t.Parallel()
	p := book(t, map[string]string{"/c": "<?p=2>; rel=next\n[\"" + secret + "\"]", "/c?p=2": "[2,3]"})
	seen := &params.Exchange{}
	d := actionstest.Delivery()
	d.Exchange = seen
	effect := p.rig(t, `{ connection: crm, url: /c, pages: { max: 2 } }`).Effect()
	result, err := effect.Do(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := result.(*httpcall.Pages); !ok || len(got.Items) != 3 || got.Items[0] != secret {
		t.Errorf("the result is %+v", result)
	}
	raw, err := json.Marshal(seen.Collected().Reply)
	if err != nil {
		t.Fatal(err)
	}
	var shown struct {
		Read []struct{ Status, Items int }
	}
	if err := json.Unmarshal(raw, &shown); err != nil || len(shown.Read) != 2 || shown.Read[1].Items != 2 || shown.Read[1].Status != 200 || strings.Contains(string(raw), secret) {
		t.Errorf("the history has %s", raw)
	}
	if preview, err := json.Marshal(effect); err != nil || !strings.Contains(string(preview), `"pages":2`) {
		t.Errorf("the preview is %s", preview)
	}
}

func TestPagesFindings(t *testing.T) {
	t.Parallel()
	check := func(action, want string) {
		t.Helper()
		got := actionstest.Findings(t, kinds(t), `
connections: { crm: { kind: http, base_url: "https://crm.example/api" } }
rules:
  - name: try
    event: "*"
    actions:
      - { id: list, http: { connection: crm, url: /x, `+action+` } }
`, nil)
		if !strings.Contains(got, want) {
			t.Errorf("%s: findings do not say %q:\n%s", action, want, got)
		}
	}
	check(`method: DELETE, pages: {}`, "a DELETE request has no pages")
	check(`json: {}, pages: {}`, "a POST request needs a cursor")
	check(`pages: { cursor: after }`, "needs next")
	check(`pages: { next: page.body.n, cursor: "a b" }`, `"a b" is not a name`)
	check(`pages: { max: 0 }`, "must be between 1 and 100")
	check(`pages: { max: 101 }`, "must be between 1 and 100")
	check(`pages: { items: page.status }`, "expected a list, but this is a number")
	check(`pages: { until: page.number }`, "expected true or false")
	check(`pages: { next: page.number > 1 }`, "expected text or a number")
	check(`pages: { next: pages.body }`, `did you mean "page"?`)
	check(`pages: { nxt: page.body }`, `did you mean "next"?`)
	check(`pages: { items: page.boddy }`, "unknown field \"boddy\"")
	check(`query: { a: "${{ page.number }}" }, pages: {}`, `"page" cannot be used here; it is one page of a list`)
	check("pages: {} } }\n      - { http: { connection: crm, url: \"/${{ actions.list.body }}\"", `unknown field "body"`)
	check(`pages: true`, "must be a mapping")
}
