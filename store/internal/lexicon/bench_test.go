package lexicon_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gavel-rules/gavel/store/internal/lexicon"
)

// BenchmarkBuild is what an event costs apart from its words and the database.
func BenchmarkBuild(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	const batch = 512
	list := make([][]string, batch)
	for i := range list {
		for len(list[i]) < 20 {
			list[i] = append(list[i], words(random, int64(i))...)
			slices.Sort(list[i])
			list[i] = slices.Compact(list[i])
		}
	}
	b.ReportAllocs()
	var parts []*lexicon.Content
	for n := 0; b.Loop(); n++ {
		var d lexicon.Draft
		for i, w := range list {
			d.Add(int64(n%32*batch+i+1), w)
		}
		if parts = append(parts, d.Build()); len(parts) == 32 {
			if _, err := lexicon.Merge(parts); err != nil {
				b.Fatal(err)
			}
			parts = parts[:0]
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch), "ns/event")
}
