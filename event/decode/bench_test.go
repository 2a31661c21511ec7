package decode_test

import (
	"testing"
	"time"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/event/decode"
	"github.com/gavel-rules/gavel/event/sample"
)

func BenchmarkDecode(b *testing.B) {
	for _, eventType := range []string{event.TypeScheduled, event.TypeSettingChanged} {
		body, err := sample.Body(eventType, "evt-1", time.Unix(1_800_000_000, 0))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(eventType, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := decode.Event(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
