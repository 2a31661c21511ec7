package search_test

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
	"github.com/gavel-rules/gavel/event/search"
)

// BenchmarkWords is what indexing does with each event.
func BenchmarkWords(b *testing.B) {
	body, err := sample.Body(event.TypeScheduled, "8e3c1f0e-4c0b-4d1e-9a52-0c6d1f6a7b11", time.Unix(1_800_000_000, 0))
	if err != nil {
		b.Fatal(err)
	}
	ev, err := decode.Event(body)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		search.Words(ev)
	}
}
