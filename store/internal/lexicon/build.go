package lexicon

import (
	"slices"
	"strings"
)

// Draft collects the words of new events.
type Draft struct {
	seqs  []int64
	ids   map[string]int32
	words []string
	uses  []use
	count []int32 // of each word
}

// use is a word of an event, both by their place in a list.
type use struct{ word, event int32 }

// Add adds an event with its words, each of which it has once. Numbers ascend.
// It returns false when the number is too far from the first one; then the
// event needs another part.
func (d *Draft) Add(seq int64, words []string) bool {
	if len(d.seqs) > 0 && seq-d.seqs[0] >= MaxSpan {
		return false
	}
	if d.ids == nil {
		d.ids = map[string]int32{}
	}
	at := int32(len(d.seqs))
	d.seqs = append(d.seqs, seq)
	for _, w := range words {
		id, known := d.ids[w]
		if !known {
			id = int32(len(d.words))
			d.ids[w] = id
			d.words, d.count = append(d.words, w), append(d.count, 0)
		}
		d.count[id]++
		d.uses = append(d.uses, use{id, at})
	}
	return true
}

// Size returns how many events were added.
func (d *Draft) Size() int { return len(d.seqs) }

// Build returns the part; there must be an event.
func (d *Draft) Build() *Content {
	first := d.seqs[0]
	all := make([]uint32, len(d.seqs))
	for i, seq := range d.seqs {
		all[i] = uint32(seq - first)
	}
	// The events of each word lie next to each other, in the order of words.
	starts, sum := make([]int32, len(d.words)), int32(0)
	for i, n := range d.count {
		starts[i] = sum
		sum += n
	}
	lists := make([]uint32, sum)
	for _, u := range d.uses {
		lists[starts[u.word]] = all[u.event]
		starts[u.word]++
	}
	order := make([]int32, len(d.words))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return strings.Compare(d.words[a], d.words[b]) })
	var out blocks
	out.put(everything, all)
	for _, id := range order {
		if d.words[id] != everything {
			out.put(d.words[id], lists[starts[id]-d.count[id]:starts[id]])
		}
	}
	return out.content(first, d.seqs[len(d.seqs)-1], len(d.seqs))
}
