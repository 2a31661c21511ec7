package lexicon

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/event/search"
)

// Source reads a stored index.
type Source interface {
	// Parts returns the parts with events between the numbers.
	Parts(ctx context.Context, after, before int64) ([]Part, error)
	// Blocks reads the blocks with these ids, in any order. A missing block is
	// not an error.
	Blocks(ctx context.Context, ids []int64, read func(id int64, data []byte) error) error
}

const (
	// firstLook is how many events, about, the first look takes in; each further
	// one takes in lookGrowth times as many.
	firstLook  = 4096
	lookGrowth = 4
	// attempts is how often a search starts again while parts are being merged.
	attempts = 5
)

// Find returns the numbers of up to limit events between after and before that
// match, newest first.
func Find(ctx context.Context, from Source, q search.Query, after, before int64, limit int) (seqs []int64, err error) {
	for range attempts {
		if seqs, err = find(ctx, from, q, after, before, limit); !errors.Is(err, errStale) {
			break
		}
	}
	return seqs, err
}

func find(ctx context.Context, from Source, q search.Query, after, before int64, limit int) ([]int64, error) {
	parts, err := from.Parts(ctx, after, before)
	if err != nil || limit <= 0 {
		return nil, err
	}
	slices.SortFunc(parts, func(a, b Part) int { return cmp.Compare(b.Last, a.Last) })
	clauses := clausesOf(q)
	var found []int64
	for most := firstLook; len(parts) > 0; most *= lookGrowth {
		if len(found) >= limit && found[limit-1] > parts[0].Last {
			break
		}
		n, events := 0, 0
		for n < len(parts) && (n == 0 || events+parts[n].Size <= most) {
			events += parts[n].Size
			n++
		}
		looks, err := examine(ctx, from, clauses, parts[:n])
		if err != nil {
			return nil, err
		}
		for _, l := range looks {
			found = l.numbers(found, after, before)
		}
		slices.SortFunc(found, func(a, b int64) int { return cmp.Compare(b, a) })
		parts = parts[n:]
	}
	return found[:min(len(found), limit)], nil
}

// clausesOf returns the prefixes of a query: an event matches if, of each
// clause, it has one.
func clausesOf(q search.Query) [][]string {
	var list [][]string
	for _, p := range q.All {
		clause := []string{p}
		if q.ID != "" {
			clause = append(clause, q.ID)
		}
		list = append(list, clause)
	}
	for _, p := range q.Owner {
		list = append(list, []string{p})
	}
	if q.Type != "" {
		list = append(list, []string{q.Type})
	}
	return list
}

// look is the search of one part.
type look struct {
	part *Part
	left []clause // still to be looked up, the cheapest first
	set  set      // of what matched so far; nil before the first clause
	seen set      // of the present clause
	over bool
}

// clause is a clause of the query with the blocks that can decide it.
type clause struct {
	prefixes []string
	blocks   []int
}

// examine looks up the clauses of each part, one of each part at a time, and no
// further than until nothing is left.
func examine(ctx context.Context, from Source, clauses [][]string, parts []Part) ([]*look, error) {
	looks, byPart := make([]*look, len(parts)), make(map[int64]*look, len(parts))
	for i := range parts {
		l, err := newLook(&parts[i], clauses)
		if err != nil {
			return nil, err
		}
		looks[i], byPart[parts[i].Number] = l, l
	}
	for {
		var ids []int64
		for _, l := range looks {
			ids = l.ask(ids)
		}
		if len(ids) == 0 {
			return looks, nil
		}
		read := 0
		err := from.Blocks(ctx, ids, func(id int64, data []byte) error {
			read++
			if l := byPart[PartOf(id)]; l != nil {
				return l.read(data)
			}
			return nil
		})
		switch {
		case err != nil:
			return nil, err
		case read < len(ids):
			return nil, errStale
		}
		for _, l := range looks {
			l.decide()
		}
	}
}

func newLook(p *Part, clauses [][]string) (*look, error) {
	heads, err := p.heads()
	if err != nil {
		return nil, err
	}
	l := &look{part: p}
	if len(clauses) == 0 {
		clauses = [][]string{{everything}}
	}
	for _, prefixes := range clauses {
		c := clause{prefixes: prefixes}
		for _, prefix := range prefixes {
			first, last := between(heads, prefix)
			if prefix == everything {
				last = 0
			}
			for n := first; n <= last; n++ {
				if !slices.Contains(c.blocks, n) {
					c.blocks = append(c.blocks, n)
				}
			}
		}
		l.left = append(l.left, c)
	}
	slices.SortStableFunc(l.left, func(a, b clause) int { return cmp.Compare(len(a.blocks), len(b.blocks)) })
	return l, nil
}

func (p *Part) heads() ([]string, error) {
	list, rest := make([]string, 0, p.Blocks), p.Heads
	for len(rest) > 0 {
		size, n := binary.Uvarint(rest)
		if n <= 0 || size > uint64(len(rest)-n) {
			return nil, errDamaged
		}
		list, rest = append(list, string(rest[n:n+int(size)])), rest[n+int(size):]
	}
	if len(list) != p.Blocks || p.Blocks == 0 || p.Last < p.First || p.Last-p.First >= MaxSpan {
		return nil, errDamaged
	}
	return list, nil
}

// ask adds the blocks for the next clause.
func (l *look) ask(ids []int64) []int64 {
	if l.over = l.over || len(l.left) == 0; l.over {
		return ids
	}
	l.seen = newSet(l.part.Last - l.part.First)
	for _, n := range l.left[0].blocks {
		ids = append(ids, ID(l.part.Number, n))
	}
	return ids
}

// read looks for the words of the present clause in a block.
func (l *look) read(block []byte) error {
	prefixes := l.left[0].prefixes
	e := entries{rest: block}
	for {
		ok, err := e.next()
		if err != nil || !ok {
			return err
		}
		beyond := true // the word is above all prefixes, and so are the others
		for _, p := range prefixes {
			if fits := string(e.word[:min(len(e.word), len(p))]) == p; fits && (p != everything || len(e.word) == 0) {
				if err := l.seen.join(&e); err != nil {
					return err
				}
				beyond = false
				break
			}
			beyond = beyond && strings.Compare(string(e.word), p) > 0
		}
		if beyond {
			return nil
		}
	}
}

// decide ends the present clause.
func (l *look) decide() {
	if l.over {
		return
	}
	l.left = l.left[1:]
	if l.set == nil {
		l.set = l.seen
	}
	l.over = !l.set.meet(l.seen)
}

// numbers appends the numbers of the matches.
func (l *look) numbers(to []int64, after, before int64) []int64 {
	for i, word := range l.set {
		for ; word != 0; word &= word - 1 {
			seq := l.part.First + int64(i*64+bits.TrailingZeros64(word))
			if seq > after && seq < before {
				to = append(to, seq)
			}
		}
	}
	return to
}
