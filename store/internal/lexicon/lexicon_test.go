package lexicon_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/event/search"
	"github.com/gavel-rules/gavel/store/internal/lexicon"
)

// shelf keeps an index in memory.
type shelf struct {
	parts  map[int64]*lexicon.Content
	newest int64
	merges int
	reads  int // blocks
	// swap is called once before blocks are read.
	swap func()
}

func (s *shelf) put(c *lexicon.Content) {
	s.newest++
	c.Number = s.newest
	s.parts[c.Number] = c
}

func (s *shelf) Parts(_ context.Context, after, before int64) ([]lexicon.Part, error) {
	var list []lexicon.Part
	for _, c := range s.parts {
		if c.Last > after && c.First < before {
			list = append(list, c.Part)
		}
	}
	return list, nil
}

func (s *shelf) Blocks(_ context.Context, ids []int64, read func(int64, []byte) error) error {
	if swap := s.swap; swap != nil {
		s.swap = nil
		swap()
	}
	for _, id := range ids {
		c := s.parts[lexicon.PartOf(id)]
		if c == nil {
			continue
		}
		s.reads++
		if err := read(id, c.Data[id-lexicon.ID(c.Number, 0)]); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) tidy(t *testing.T) {
	t.Helper()
	list, err := s.Parts(t.Context(), 0, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	chosen := lexicon.Mergeable(list)
	if len(chosen) == 0 {
		return
	}
	var merged []*lexicon.Content
	for _, p := range chosen {
		merged = append(merged, s.parts[p.Number])
		delete(s.parts, p.Number)
	}
	c, err := lexicon.Merge(merged)
	if err != nil {
		t.Fatal(err)
	}
	s.merges++
	s.put(c)
}

func (s *shelf) forget(t *testing.T, listed bool, gone ...int64) {
	t.Helper()
	for _, c := range s.parts {
		f := c.Forget(gone, listed)
		for i, block := range c.Data {
			out, changed, err := f.Block(block)
			if err != nil {
				t.Fatal(err)
			}
			if changed && len(out) > len(block) || !changed && string(out) != string(block) {
				t.Fatalf("a block of %d bytes became one of %d (changed: %t)", len(block), len(out), changed)
			}
			c.Data[i] = out
		}
	}
}

// words are of a few letters, so that many begin alike; some events have the
// same ones, some have long ones of their own.
func words(random *rand.Rand, seq int64) []string {
	set := map[string]bool{"tkind" + fmt.Sprint(seq%3): true, fmt.Sprintf("i%032x", random.Uint64()): true}
	if seq%7 != 0 {
		set["wcommon"] = true
	}
	for range random.IntN(6) {
		place := []string{"w", "o", "i"}[random.IntN(3)]
		set[place+strings.Repeat("é", random.IntN(3))+fmt.Sprint(random.IntN(300))] = true
	}
	return slices.Collect(maps.Keys(set))
}

func queries() []search.Query {
	return []search.Query{
		{}, {All: []string{"wcommon"}}, {All: []string{"wc", "w1"}}, {All: []string{"w"}}, {All: []string{"w12"}}, {All: []string{"w299"}, ID: "i2"},
		{All: []string{"w1", "w2"}, ID: "i299"}, {Owner: []string{"o1"}}, {Owner: []string{"oé", "o"}, Type: "tkind1"}, {All: []string{"wéé"}, Owner: []string{"o2"}, Type: "tk"},
		{All: []string{"x"}}, {All: []string{"wcommon"}, Owner: []string{"nobody"}}, {All: []string{"i"}, ID: "i0"}, {All: []string{"zzz"}, ID: "i00"}, {Type: "tkind2"},
	}
}

// TestFind compares an index that grows, and forgets, with a look at all words.
func TestFind(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	s, known := &shelf{parts: map[int64]*lexicon.Content{}}, map[int64][]string{}
	seq, late := int64(0), []int64(nil)
	draft := func(numbers []int64) {
		var d lexicon.Draft
		for _, n := range numbers {
			if w := words(random, n); d.Add(n, w) {
				known[n] = w
			}
		}
		s.put(d.Build())
		s.tidy(t)
	}
	check := func() {
		t.Helper()
		all := slices.SortedFunc(maps.Keys(known), func(a, b int64) int { return cmp.Compare(b, a) })
		for _, q := range queries() {
			after, before, limit := int64(0), int64(math.MaxInt64), 1+random.IntN(60)
			if random.IntN(3) == 0 {
				after, before = random.Int64N(seq+1), random.Int64N(seq+1)
			}
			var want []int64
			for _, n := range all {
				if n > after && n < before && len(want) < limit && q.Fits(known[n]) {
					want = append(want, n)
				}
			}
			got, err := lexicon.Find(t.Context(), s, q, after, before, limit)
			if err != nil || !slices.Equal(got, want) {
				t.Fatalf("%+v between %d and %d of %d: %v, %v, want %v", q, after, before, seq, got, err, want)
			}
		}
	}
	for round := range 400 {
		var numbers []int64
		for range 1 + random.IntN([]int{2, 40, 900}[round%3]) {
			if seq++; random.IntN(500) == 0 {
				late = append(late, seq) // is stored later
				continue
			}
			numbers = append(numbers, seq)
			if random.IntN(2000) == 0 {
				seq += 100
			}
		}
		if len(numbers) > 0 {
			draft(numbers)
		}
		if round%20 == 19 && len(late) > 0 {
			draft(late)
			late = nil
		}
		if round%10 == 0 {
			check()
		}
		if round%25 == 0 {
			erased, pruned := random.Int64N(seq), random.Int64N(seq)
			s.forget(t, true, erased)
			if _, ok := known[erased]; ok {
				known[erased] = nil
			}
			s.forget(t, false, pruned, pruned+1)
			delete(known, pruned)
			delete(known, pruned+1)
			check()
		}
	}
	if s.merges < 20 || len(s.parts) > 80 {
		t.Errorf("%d events are in %d parts after %d merges", len(known), len(s.parts), s.merges)
	}
	listed := map[int64]bool{}
	for _, c := range s.parts {
		seqs, err := c.Listed(c.Data[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range seqs {
			listed[n] = true
		}
	}
	if len(listed) != len(known) {
		t.Errorf("%d events are listed, %d are known", len(listed), len(known))
	}
}

// TestRareWordsFirst: what is rare is looked up first, so that a frequent word
// beside it costs nothing.
func TestRareWordsFirst(t *testing.T) {
	t.Parallel()
	s := &shelf{parts: map[int64]*lexicon.Content{}}
	var d lexicon.Draft
	for n := range int64(8192) {
		w := []string{fmt.Sprintf("wmany%032d", n)}
		if n == 4000 {
			w = append(w, "orare")
		}
		d.Add(n+1, w)
	}
	s.put(d.Build())
	for owner, want := range map[string]int{"orare": 100_000, "onone": 5} {
		s.reads = 0
		got, err := lexicon.Find(t.Context(), s, search.Query{All: []string{"wmany"}, Owner: []string{owner}}, 0, math.MaxInt64, 10)
		if err != nil || len(got) > 1 || s.reads > want {
			t.Errorf("%s: %v, %v, after %d blocks", owner, got, err, s.reads)
		}
	}
}

// TestMergedMeanwhile: a search that finds its parts gone looks again.
func TestMergedMeanwhile(t *testing.T) {
	t.Parallel()
	s := &shelf{parts: map[int64]*lexicon.Content{}}
	for n := range int64(31) {
		var d lexicon.Draft
		d.Add(n+1, []string{"wkim"})
		s.put(d.Build())
	}
	s.swap = func() {
		var d lexicon.Draft
		d.Add(40, []string{"wkim"})
		s.put(d.Build())
		s.tidy(t)
	}
	got, err := lexicon.Find(t.Context(), s, search.Query{All: []string{"wkim"}}, 0, math.MaxInt64, 100)
	if err != nil || len(got) != 32 || s.merges != 1 {
		t.Errorf("%v, %v after %d merges", got, err, s.merges)
	}
}

// TestDamage: bytes of any kind are an error at worst.
func TestDamage(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		s := &shelf{parts: map[int64]*lexicon.Content{}}
		var d lexicon.Draft
		for n := range int64(20) {
			d.Add(n+1, words(random, n))
		}
		c := d.Build()
		s.put(c)
		for range 1 + random.IntN(4) {
			data := c.Data[random.IntN(len(c.Data))]
			data[random.IntN(len(data))] ^= byte(1 << random.IntN(8))
		}
		for _, q := range queries() {
			_, _ = lexicon.Find(t.Context(), s, q, 0, math.MaxInt64, 10)
		}
		_, _ = c.Listed(c.Data[0])
		_, _, _ = c.Forget([]int64{5}, false).Block(c.Data[0])
		_, _ = lexicon.Merge([]*lexicon.Content{c, c})
	}
}
