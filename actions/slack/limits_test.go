package slack_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/event"
)

// value is where the text of a test goes in a block.
const value = "${{ meeting.meetingInfo.location }}"

// TestTextsThatJustFit: at each place, a text of as many characters as Slack
// takes stays whole, and one more is cut.
func TestTextsThatJustFit(t *testing.T) {
	t.Parallel()
	plain := `{ type: plain_text, text: "` + value + `" }`
	with := func(kind, field, text string) string { return "{ type: " + kind + ", " + field + ": " + text + " }" }
	element := func(e string) string { return "{ type: actions, elements: [" + e + "] }" }
	option := func(fields string) string { return element("{ type: static_select, options: [{ " + fields + " }] }") }
	confirm := func(field string) string {
		return element("{ type: button, text: { type: plain_text, text: x }, confirm: { " + field + ": " + plain + " } }")
	}
	for block, limit := range map[string]int{
		with("header", "text", plain):                                                 150,
		with("section", "text", plain):                                                3000,
		with("section", "fields", "["+plain+"]"):                                      2000,
		with("context", "elements", "["+plain+"]"):                                    3000,
		with("image", "title", plain):                                                 2000,
		with("image", "alt_text", `"`+value+`"`):                                      2000,
		with("input", "label", plain):                                                 2000,
		with("input", "hint", plain):                                                  2000,
		with("video", "title", plain):                                                 200,
		with("video", "description", plain):                                           200,
		with("video", "alt_text", `"`+value+`"`):                                      2000,
		with("video", "author_name", `"`+value+`"`):                                   50,
		with("markdown", "text", `"`+value+`"`):                                       12_000,
		element("{ type: button, text: " + plain + " }"):                              75,
		element("{ type: workflow_button, text: " + plain + " }"):                     75,
		element(`{ type: button, accessibility_label: "` + value + `" }`):             75,
		element("{ type: static_select, placeholder: " + plain + " }"):                150,
		option("text: " + plain):                                                      75,
		option("description: " + plain):                                               75,
		element("{ type: static_select, option_groups: [{ label: " + plain + " }] }"): 75,
		confirm("title"):                                                              100,
		confirm("text"):                                                               300,
		confirm("confirm"):                                                            30,
		confirm("deny"):                                                               30,
	} {
		rig, _ := setup(t, `{ channel: "#sales", blocks: [ `+block+` ] }`)
		for _, size := range []int{limit, limit + 1} {
			text := strings.Repeat("x", size)
			shown := rig.Preview(place, text)
			whole := strings.Contains(shown, `"`+text+`"`)
			cut := strings.Contains(shown, `"`+strings.Repeat("x", limit-1)+`…"`) && strings.Contains(shown, fmt.Sprintf("had %d characters and was cut to %d", size, limit))
			if whole != (size == limit) || cut == whole {
				t.Errorf("%s, %d characters of %d: whole %t, cut %t", block, size, limit, whole, cut)
			}
		}
	}
}

// TestTextsThatAreNotCut: what would mean something else if it were shorter is
// refused when it is one character too long.
func TestTextsThatAreNotCut(t *testing.T) {
	t.Parallel()
	const web = "https://a.example/"
	for block, limit := range map[string]int{
		`{ type: actions, elements: [{ type: button, value: "@" }] }`:                       2000,
		`{ type: actions, elements: [{ type: static_select, options: [{ value: "@" }] }] }`: 150,
		`{ type: divider, block_id: "@" }`:                                                  255,
		`{ type: actions, elements: [{ type: button, action_id: "@" }] }`:                   255,
		`{ type: actions, elements: [{ type: button, url: "` + web + `@" }] }`:              3000 - len(web),
		`{ type: image, image_url: "` + web + `@", alt_text: x }`:                           3000 - len(web),
		`{ type: video, thumbnail_url: "` + web + `@" }`:                                    3000 - len(web),
	} {
		rig, _ := setup(t, `{ channel: "#sales", blocks: [ `+strings.Replace(block, "@", value, 1)+` ] }`)
		if _, err := rig.Prepare(place, strings.Repeat("x", limit)); err != nil {
			t.Errorf("%s: %v", block, err)
		}
		_, err := rig.Prepare(place, strings.Repeat("x", limit+1))
		if f := actionstest.Failure(t, err); f.Cause != event.CauseRefused || f.Retry || !strings.Contains(f.Text, " characters; Slack allows ") {
			t.Errorf("%s: %+v", block, f)
		}
	}
}

// TestListsThatJustFit: as many items as Slack takes stay, one more goes.
func TestListsThatJustFit(t *testing.T) {
	t.Parallel()
	for block, limit := range map[string]int{
		`{ type: section, fields: [@] }`:                                             10,
		`{ type: context, elements: [@] }`:                                           10,
		`{ type: actions, elements: [@] }`:                                           25,
		`{ type: context_actions, elements: [@] }`:                                   5,
		`{ type: actions, elements: [{ type: checkboxes, options: [@] }] }`:          10,
		`{ type: actions, elements: [{ type: radio_buttons, options: [@] }] }`:       10,
		`{ type: actions, elements: [{ type: overflow, options: [@] }] }`:            5,
		`{ type: actions, elements: [{ type: static_select, options: [@] }] }`:       100,
		`{ type: actions, elements: [{ type: static_select, option_groups: [@] }] }`: 100,
		`{ type: rich_text, elements: [@] }`:                                         0, // no bound is known
	} {
		for _, n := range []int{max(limit, 200), max(limit, 200) + 1} {
			if limit > 0 {
				n += limit - max(limit, 200)
			}
			m := preview(t, `{ channel: "#sales", blocks: [ `+strings.Replace(block, "@", strings.Repeat("{ type: mark },", n), 1)+` ] }`)
			cut := slices.ContainsFunc(m.Cut, func(s string) bool {
				return strings.HasSuffix(s, fmt.Sprintf("had %d items; the first %d were kept", n, limit))
			})
			if got := strings.Count(fmt.Sprint(m.Blocks), "type:mark"); cut != (limit > 0 && n > limit) || limit > 0 && got != limit || limit == 0 && got != n {
				t.Errorf("%s with %d items: %d are kept, told %t", block, n, got, cut)
			}
		}
	}
	for n, want := range map[int]int{50: 50, 51: 50} {
		if m := preview(t, `{ channel: "#sales", blocks: [`+strings.Repeat("{ type: divider },", n)+`] }`); len(m.Blocks) != want || len(m.Cut) != n-want {
			t.Errorf("%d blocks: %d are kept, told %q", n, len(m.Blocks), m.Cut)
		}
	}
}

// TestWhatIsCut: values are shortened, the longest first, and the author's words
// stay; characters count as Slack counts them.
func TestWhatIsCut(t *testing.T) {
	t.Parallel()
	check := func(text, where, who, want string) {
		t.Helper()
		m := preview(t, `{ channel: "#sales", blocks: [{ type: header, text: { type: plain_text, text: "`+text+`" } }] }`, place, where, invitee, who)
		if got := at(t, m.Blocks[0], "text", "text"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	const both = "${{ meeting.meetingInfo.primaryInviteeName }} at " + value
	x := func(n int) string { return strings.Repeat("x", n) }
	check(both, x(141), "Kim M", "Kim M at "+x(141))
	check(both, x(142), "Kim M", "Kim M at "+x(140)+"…")
	check(both, "here", strings.Repeat("y", 143), strings.Repeat("y", 141)+"… at here")
	check(x(150)+value, "here", "", x(149)+"…") // an author who leaves no room
	check(x(149)+value, "here", "", x(149)+"…")
	check(value, strings.Repeat("😀", 75), "", strings.Repeat("😀", 75))
	check(value, strings.Repeat("😀", 76), "", strings.Repeat("😀", 74)+"…")
}

// TestNotesAreBounded: a message in which nothing fits tells the first places.
func TestNotesAreBounded(t *testing.T) {
	t.Parallel()
	m := preview(t, `{ channel: "#sales", blocks: [`+strings.Repeat(`{ type: header, text: { type: plain_text, text: "`+value+`" } },`, 30)+`] }`, place, strings.Repeat("x", 200))
	if len(m.Cut) != 20 {
		t.Errorf("%d notes", len(m.Cut))
	}
}
