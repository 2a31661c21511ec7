package security

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/internal/testkit"
)

// TestSecretsFolder changes mounted secrets while Gavel runs: the token of a
// connection, and the secret that events are signed with.
func TestSecretsFolder(t *testing.T) {
	t.Parallel()
	calls := &listener{}
	server := httptest.NewServer(calls)
	t.Cleanup(server.Close)
	dir, signing := t.TempDir(), filepath.Join(t.TempDir(), "signing")
	write(t, filepath.Join(dir, "CRM_TOKEN"), "first-token\n")
	write(t, filepath.Join(dir, ".hidden"), "no")
	write(t, signing, "old-signing-secret\n")
	p := testkit.Start(t, testkit.Serve{
		Args: []string{"--secrets-dir", dir, "--signing-secret-file", signing, "--env-allow", "NOTHING"},
		Rules: fmt.Sprintf("connections: { crm: { kind: http, base_url: %s, auth: { bearer: \"${{ env.CRM_TOKEN }}\" } } }\n"+
			"rules:\n  - { name: r, event: scheduling.*, actions: [{ http: { connection: crm, url: /x } }] }\n", server.URL),
	})
	count := 0
	sendAndSee := func(secret, token string) bool {
		count++
		a, err := testkit.Post(t, p.Client, p.URL, secret, testkit.Sample(t, event.TypeScheduled, fmt.Sprintf("e%d", count)))
		if err != nil || a.Code != http.StatusOK {
			return false
		}
		testkit.Eventually(t, "the call", func() bool { return len(calls.below("/x")[""]) >= 1 })
		list := calls.below("/x")[""]
		return list[len(list)-1].header.Get("Authorization") == "Bearer "+token
	}
	testkit.Eventually(t, "the first token is sent", func() bool { return sendAndSee("old-signing-secret", "first-token") })
	write(t, filepath.Join(dir, "CRM_TOKEN"), "second-token\n")
	testkit.Eventually(t, "the second token is sent", func() bool { return sendAndSee("old-signing-secret", "second-token") })
	write(t, signing, "new-signing-secret\n")
	testkit.Eventually(t, "the new signing secret is taken", func() bool { return sendAndSee("new-signing-secret", "second-token") })
	if a, err := testkit.Post(t, p.Client, p.URL, "old-signing-secret", testkit.Sample(t, event.TypeScheduled, "late")); err != nil || a.Code != http.StatusUnauthorized {
		t.Errorf("the old signing secret: %d, %v", a.Code, err)
	}
	for _, secret := range []string{"first-token", "second-token", "old-signing-secret", "new-signing-secret"} {
		if strings.Contains(p.Log(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

const personal = `rules:
  - { name: tell, event: scheduling.*, actions: [{ log: { message: "booked by ${{ meeting.meetingInfo.primaryInviteeName }}" } }, { http: { url: "%[1]s/x", json: { who: "${{ meeting.meetingInfo.primaryInvitee }}", name: "${{ meeting.meetingInfo.primaryInviteeName }}" } } }] }
  - { name: later, event: scheduling.*, actions: [{ wait: { for: 240h } }, { http: { url: "%[1]s/later" } }] }
`

// TestErase takes one person out of the database, byte for byte.
func TestErase(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(&listener{})
	t.Cleanup(server.Close)
	p := testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(personal, server.URL)})
	for id, who := range map[string]string{"jane": "jane.doe@buyer.example", "bob": "bob.roe@buyer.example"} {
		p.MustPost(testkit.Sample(t, event.TypeScheduled, id,
			"meeting.meetingInfo.primaryInvitee", who, "meeting.meetingInfo.primaryInviteeName", "Name of "+id))
	}
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "the calls are made", func() bool { return len(b.list(t, "--status", "succeeded")) == 2 })
	erase := func(args ...string) string {
		t.Helper()
		r := testkit.Gavel(t, append([]string{"events", "erase", "--database", p.Database}, args...)...)
		if r.Code != 0 {
			t.Fatalf("erase %q: %s", args, r.Stderr)
		}
		return r.Stdout
	}
	if said := erase("--email", "Jane.Doe@buyer.example"); !strings.Contains(said, "would be erased") || !strings.Contains(said, "1 event ") {
		t.Errorf("without --yes: %s", said)
	}
	if said := erase("--email", "Jane.Doe@buyer.example", "--yes"); !strings.Contains(said, "1 event with 2 runs erased") {
		t.Errorf("with --yes: %s", said)
	}
	for _, r := range b.list(t) {
		want := map[string]string{"jane/tell": "succeeded", "jane/later": "canceled", "bob/tell": "succeeded", "bob/later": "waiting"}[r.EventID+"/"+r.Rule]
		if r.Status != want {
			t.Errorf("%s of %s is %s, want %s", r.Rule, r.EventID, r.Status, want)
		}
	}
	if a := p.MustPost(testkit.Sample(t, event.TypeScheduled, "jane")); a.Status != "duplicate" {
		t.Errorf("a repeat of the erased event is %s", a.Status)
	}
	p.Stop()
	file := strings.TrimPrefix(p.Database, "sqlite:")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"jane.doe@", "Name of jane"} {
		if bytes.Contains(content, []byte(gone)) {
			t.Errorf("the file still holds %q", gone)
		}
	}
	if !bytes.Contains(content, []byte("bob.roe@")) {
		t.Error("somebody else was erased, or the test looks at nothing")
	}
}

// TestEraseFailedExchanges erases what a failed attempt has kept of the answer:
// its headers and its body.
func TestEraseFailedExchanges(t *testing.T) {
	t.Parallel()
	p := testkit.Start(t, testkit.Serve{Rules: fmt.Sprintf(aboutPeople, echoing(t).URL)})
	p.MustPost(testkit.Sample(t, event.TypeScheduled, "e1", "meeting.meetingInfo.primaryInvitee", "jane.doe@buyer.example"))
	b := &battlefield{gavel: p}
	testkit.Eventually(t, "one run waits and one has failed", func() bool { return len(b.list(t, "--status", "waiting,failed")) == 2 })
	failed := b.list(t, "--status", "failed")[0].ID
	shown := func() string {
		t.Helper()
		r := testkit.Gavel(t, "runs", "show", failed, "--output", "json", "--database", p.Database)
		if r.Code != 0 {
			t.Fatal(r.Stderr)
		}
		return r.Stdout + get(t, p.Client, p.Console+"/runs/"+failed) + get(t, p.Client, p.Console+"/api/v1/runs/"+failed)
	}
	if before := shown(); !strings.Contains(before, `"x-about": "jane.doe@`) || !strings.Contains(before, `"about": "jane.doe@`) {
		t.Fatalf("the exchange is not kept: %s", before)
	}
	if r := testkit.Gavel(t, "events", "erase", "--email", "jane.doe@buyer.example", "--yes", "--database", p.Database); r.Code != 0 {
		t.Fatal(r.Stderr)
	}
	if after := shown(); strings.Contains(after, "jane.doe") || strings.Contains(after, "buyer.example") {
		t.Errorf("it still shows the person: %s", after)
	}
	p.Stop()
	content, err := os.ReadFile(strings.TrimPrefix(p.Database, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(content, []byte("jane.doe")) {
		t.Error("the file still holds the person")
	}
}
