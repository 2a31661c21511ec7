package event

import (
	"testing"
	"time"
)

func BenchmarkDecode(b *testing.B) {
	for _, eventType := range []string{TypeScheduled, TypeSettingChanged} {
		body, err := Sample(eventType, "evt-1", time.Unix(1_800_000_000, 0))
		if err != nil {
			b.Fatal(err)
		}
		b.Run(eventType, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
