package lexicon

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"slices"
)

const (
	// maxSmall is how many small parts there may be before some are merged.
	maxSmall = 32
	// large parts are not merged again.
	large = 8192
)

// Mergeable returns the parts that are to be merged now; none if there are few
// enough. The newest small ones are, and older ones that are not much larger, so
// that a word is written again only a few times.
func Mergeable(parts []Part) []Part {
	var small []Part
	for _, p := range parts {
		if p.Size < large && p.Last-p.First < MaxSpan/2 {
			small = append(small, p)
		}
	}
	if len(small) < maxSmall {
		return nil
	}
	slices.SortFunc(small, func(a, b Part) int { return cmp.Compare(b.Last, a.Last) })
	first, last, size := small[0].First, small[0].Last, small[0].Size
	for i, p := range small[1:] {
		lowest, highest := min(first, p.First), max(last, p.Last)
		if highest-lowest >= MaxSpan || i > 0 && p.Size > 2*size || size >= 2*large {
			return fewest(small[:i+1])
		}
		first, last, size = lowest, highest, size+p.Size
	}
	return fewest(small)
}

// fewest returns nothing when there is nothing to merge with.
func fewest(parts []Part) []Part {
	if len(parts) < 2 {
		return nil
	}
	return parts
}

// Gather reads stored parts and returns what is to replace them.
func Gather(ctx context.Context, from Source, parts []Part) (*Content, error) {
	var (
		ids      []int64
		contents = make([]*Content, len(parts))
		byPart   = map[int64]*Content{}
	)
	for i, p := range parts {
		contents[i] = &Content{Part: p, Data: make([][]byte, p.Blocks)}
		byPart[p.Number] = contents[i]
		ids = append(ids, p.IDs()...)
	}
	read := 0
	err := from.Blocks(ctx, ids, func(id int64, data []byte) error {
		c := byPart[PartOf(id)]
		if c == nil || int(id-ID(c.Number, 0)) >= len(c.Data) {
			return errDamaged
		}
		c.Data[id-ID(c.Number, 0)] = bytes.Clone(data)
		read++
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case read < len(ids):
		return nil, errDamaged
	}
	return Merge(contents)
}

// Merge makes one part of several. No event is in two of them.
func Merge(parts []*Content) (*Content, error) {
	first, last, size := parts[0].First, parts[0].Last, 0
	for _, p := range parts {
		first, last, size = min(first, p.First), max(last, p.Last), size+p.Size
	}
	var (
		m       merging
		out     blocks
		offsets []uint32
	)
	for _, p := range parts {
		r := &reading{blocks: p.Data, shift: uint32(p.First - first)}
		if err := m.add(r); err != nil {
			return nil, err
		}
	}
	heap.Init(&m)
	for len(m) > 0 {
		word := string(m[0].at.word)
		offsets = offsets[:0]
		sorted := true
		for len(m) > 0 && string(m[0].at.word) == word {
			r := m[0]
			from := len(offsets)
			var err error
			if offsets, err = r.at.offsets(offsets); err != nil {
				return nil, err
			}
			for i := from; i < len(offsets); i++ {
				offsets[i] += r.shift
			}
			sorted = sorted && (from == 0 || offsets[from-1] < offsets[from])
			if more, err := r.next(); err != nil {
				return nil, err
			} else if more {
				heap.Fix(&m, 0)
			} else {
				heap.Pop(&m)
			}
		}
		if !sorted {
			slices.Sort(offsets)
		}
		if len(offsets) == 0 || offsets[len(offsets)-1] >= MaxSpan {
			return nil, errDamaged
		}
		out.put(word, offsets)
	}
	return out.content(first, last, size), nil
}

// reading reads all words of a part.
type reading struct {
	blocks [][]byte
	at     entries
	shift  uint32 // from its first event to that of the new part
}

func (r *reading) next() (bool, error) {
	for {
		ok, err := r.at.next()
		if ok || err != nil || len(r.blocks) == 0 {
			return ok, err
		}
		r.at.rest, r.at.word, r.blocks = r.blocks[0], r.at.word[:0], r.blocks[1:]
	}
}

// merging is a heap of parts, by their present words and then by their events.
type merging []*reading

func (m *merging) add(r *reading) error {
	more, err := r.next()
	if more {
		*m = append(*m, r)
	}
	return err
}

func (m merging) Len() int      { return len(m) }
func (m merging) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merging) Push(x any)   { *m = append(*m, x.(*reading)) }

func (m merging) Less(i, j int) bool {
	c := bytes.Compare(m[i].at.word, m[j].at.word)
	return c < 0 || c == 0 && m[i].shift < m[j].shift
}

func (m *merging) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
