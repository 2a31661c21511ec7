package console_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/sample"
)

// TestExportPages goes through more events than are read at a time, one of
// which fills a page.
func TestExportPages(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	var want []string
	for i := range 130 {
		id := fmt.Sprintf("ev-%03d", i)
		text, err := sample.Body(event.TypeScheduled, id, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		body := string(text)
		if i == 60 {
			body = strings.Replace(body, "{", `{"large":"`+strings.Repeat("x", 9<<20)+`",`, 1)
		}
		r.acceptBody([]byte(body))
		want = append(want, id)
	}
	for limit, sizes := range map[int][]int{
		30:  {30, 30, 1, 30, 30, 9},
		500: {61, 69},
	} {
		var got []string
		var pages []int
		for cursor := ""; ; {
			l := decoded[list](t, r.do("GET", fmt.Sprintf("/api/v1/export/events?limit=%d&cursor=%s", limit, cursor), ""))
			pages = append(pages, len(l.Items))
			for _, item := range l.Items {
				got = append(got, item.Event)
			}
			if cursor = l.Next; cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("by %d (-want +got):\n%s", limit, diff)
		}
		if diff := cmp.Diff(sizes, pages); diff != "" {
			t.Errorf("sizes of the pages by %d (-want +got):\n%s", limit, diff)
		}
	}
}

// TestLargeNames: whoever books a meeting can write a megabyte into its name, and
// lists stay small.
func TestLargeNames(t *testing.T) {
	t.Parallel()
	r := setup(t, nil)
	text, err := sample.Body(event.TypeScheduled, "large", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var e map[string]any
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	e["data"].(map[string]any)["meetingInfo"].(map[string]any)["meetingName"] = strings.Repeat("é", 400_000)
	if text, err = json.Marshal(e); err != nil {
		t.Fatal(err)
	}
	r.acceptBody(text)
	for _, path := range []string{"/api/v1/events", "/api/v1/runs", "/api/v1/events?q=large", "/events", "/runs"} {
		if got := len(r.do("GET", path, "").Body); got > 100_000 {
			t.Errorf("%s has %d bytes", path, got)
		}
	}
}
