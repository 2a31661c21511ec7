package email_test

import (
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/actions/actionstest"
	"github.com/gavel-rules/gavel/actions/email"
	"github.com/gavel-rules/gavel/event"
)

const optional = "meeting.meetingInfo.optionalInvitees"

func TestRefusedRecipientKeepsMailFromAll(t *testing.T) {
	t.Parallel()
	rig, peer := setup(t, `{ to: [a@x.example, b@x.example], cc: c@x.example, all_or_none: true, subject: Hello, text: Bye }`)
	peer.RefuseRecipient("b@x.example", 550)
	_, err := rig.Do(t.Context())
	f := actionstest.Failure(t, err)
	if f.Cause != event.CauseClient || f.Retry || !strings.Contains(f.Text, "the recipient b@x.example; the mail was not sent") {
		t.Errorf("one refused: %+v", f)
	}
	peer.RefuseRecipient("b@x.example", 450)
	_, err = rig.Do(t.Context())
	if f := actionstest.Failure(t, err); !f.Retry {
		t.Errorf("one deferred: %+v", f)
	}
	peer.RefuseRecipient("c@x.example", 550)
	_, err = rig.Do(t.Context())
	if f := actionstest.Failure(t, err); f.Retry || !strings.Contains(f.Text, "b@x.example, c@x.example") {
		t.Errorf("one deferred, one refused: %+v", f)
	}
	if n := len(peer.Received()); n != 0 {
		t.Errorf("%d mails were taken, want none", n)
	}
	malformed, peer := setup(t, `{ to: [a@x.example, "${{ meeting.meetingInfo.primaryInvitee }}"], all_or_none: true, subject: Hello, text: Bye }`)
	if _, err := malformed.Prepare(invitee, "nobody"); err == nil || len(peer.Received()) > 0 {
		t.Errorf("a malformed one: %v", err)
	}
}

// TestRefusedRecipientAmongOthers sends one mail of which the server, or
// Gavel, refuses some recipients.
func TestRefusedRecipientAmongOthers(t *testing.T) {
	t.Parallel()
	const three = `{ to: ["${{ meeting.meetingInfo.primaryInvitee }}", b@x.example], cc: c@x.example, subject: Hello, text: Bye }`
	check := func(codes map[string]int, try int, last bool, accepted []string, refused []email.Refusal) {
		t.Helper()
		rig, peer := setup(t, three)
		for address, code := range codes {
			peer.RefuseRecipient(address, code)
		}
		d := actionstest.Delivery()
		d.Try, d.Last = try, last
		result, err := rig.Effect(invitee, "a@x.example").Do(t.Context(), d)
		if accepted == nil {
			if f := actionstest.Failure(t, err); len(peer.Received()) > 0 || f.Arrival != event.Answered || f.Retry != (refused == nil) {
				t.Errorf("%v, try %d: %d mails, %+v", codes, try, len(peer.Received()), f)
			}
			return
		}
		if err != nil {
			t.Errorf("%v, try %d: %v", codes, try, err)
			return
		}
		r := result.(*email.Result)
		if diff := cmp.Diff(accepted, r.Accepted) + cmp.Diff(refused, r.Refused) + cmp.Diff(accepted, peer.Received()[0].To); diff != "" {
			t.Errorf("%v, try %d (-want +got):\n%s", codes, try, diff)
		}
		if want := "not sent to " + refused[0].Address + " (" + refused[0].Reason + ")"; !strings.HasPrefix(r.Notes()[0], want) {
			t.Errorf("%v: the history says %q, want %q", codes, r.Notes(), want)
		}
	}
	no := func(address, code string) email.Refusal {
		return email.Refusal{Address: address, Reason: code + " " + code[:1] + ".0.0 recipient refused"}
	}
	check(map[string]int{"b@x.example": 550}, 1, false, []string{"a@x.example", "c@x.example"}, []email.Refusal{no("b@x.example", "550")})
	check(map[string]int{"a@x.example": 550, "b@x.example": 550}, 1, false, []string{"c@x.example"}, []email.Refusal{no("a@x.example", "550"), no("b@x.example", "550")})
	// One that is put off may be taken later; sending to the others now would send to them twice.
	check(map[string]int{"b@x.example": 450}, 1, false, nil, nil)
	check(map[string]int{"b@x.example": 450}, 8, false, []string{"a@x.example", "c@x.example"}, []email.Refusal{no("b@x.example", "450")})
	check(map[string]int{"b@x.example": 450}, 1, true, []string{"a@x.example", "c@x.example"}, []email.Refusal{no("b@x.example", "450")})
	// Nobody is left.
	check(map[string]int{"a@x.example": 550, "b@x.example": 550, "c@x.example": 550}, 1, false, nil, []email.Refusal{})
	check(map[string]int{"a@x.example": 450, "b@x.example": 550, "c@x.example": 550}, 1, false, nil, nil)

	rig, peer := setup(t, three)
	result, err := rig.Do(t.Context(), invitee, "nobody at all")
	if err != nil || len(peer.Received()) != 1 || len(result.(*email.Result).Refused) != 1 {
		t.Errorf("a malformed address among others: %v, %+v", err, result)
	}
	if _, err := rig.Prepare(invitee, "a@x.example\nBcc: e@x.example"); err != nil {
		t.Errorf("an address of two lines among others: %v", err)
	}
	alone, _ := setup(t, thanks)
	if _, err := alone.Prepare(invitee, "nobody at all"); err == nil || !strings.Contains(err.Error(), "nobody at all") {
		t.Errorf("a malformed address alone: %v", err)
	}
}

func TestListOfAddresses(t *testing.T) {
	t.Parallel()
	check := func(field, others, want string) {
		t.Helper()
		rig, peer := setup(t, `{ `+field+`, subject: Hello, text: Bye }`)
		if _, err := rig.Do(t.Context(), invitee, "jane@buyer.example", optional, others); err != nil {
			t.Errorf("%s with %q: %v", field, others, err)
			return
		}
		if got := strings.Join(peer.Received()[0].To, " "); got != want {
			t.Errorf("%s with %q goes to %s, want %s", field, others, got, want)
		}
	}
	check(`to: "${{ invitees() }}"`, "bob@buyer.example", "jane@buyer.example bob@buyer.example")
	check(`to: "${{ invitees() }}"`, "", "jane@buyer.example")
	check(`to: ["${{ invitees() }}", ops@acme.example, jane@buyer.example]`, "BOB@buyer.example; jane@buyer.example", "jane@buyer.example bob@buyer.example ops@acme.example")
	check(`to: ops@acme.example, cc: "${{ invitees() }}"`, "", "ops@acme.example jane@buyer.example")
	check(`to: ops@acme.example, bcc: ["${{ filter(invitees(), domain(#) == \"buyer.example\") }}"]`, "x@other.example", "ops@acme.example jane@buyer.example")
	check(`to: ops@acme.example, cc: '${{ split(meeting.meetingInfo.optionalInvitees, ",") }}'`, "a@x.example, b@x.example,", "ops@acme.example a@x.example b@x.example")
	// What a stranger writes into one field is one address, or none.
	check(`to: ops@acme.example, cc: "${{ meeting.meetingInfo.optionalInvitees }}"`, "a@x.example, b@x.example", "ops@acme.example")

	rig, _ := setup(t, `{ to: "${{ invitees() }}", subject: Hello, text: Bye }`)
	if _, err := rig.Prepare(optional, strings.Repeat("a", 10)+strings.Join(many(600), ",")); err == nil || !strings.Contains(err.Error(), "more than 500 recipients") {
		t.Errorf("600 recipients: %v", err)
	}
}

func many(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = strings.Repeat("x", i%50+1) + string(rune('a'+i/50)) + "@x.example"
	}
	return out
}

// TestServerWithoutSMTPUTF8 keeps one address that it cannot take from
// keeping the mail from the others.
func TestServerWithoutSMTPUTF8(t *testing.T) {
	t.Parallel()
	_, port := talk(t, func(_ net.Conn, command string) string { return polite(command) })
	rig := connect(t, port, "tls: none", `{ to: [zoë@x.example, a@x.example], subject: Hello, text: Bye }`)
	result, err := rig.Do(t.Context())
	want := &email.Result{
		MessageID: "<" + actionstest.Delivery().Key + "@acme.example>", Accepted: []string{"a@x.example"},
		Refused: []email.Refusal{{Address: "zoë@x.example", Reason: "the server does not accept addresses with non-ASCII letters"}},
	}
	if diff := cmp.Diff(want, result); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
