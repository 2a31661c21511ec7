// Package lexicon is the index of the words that events are found by. Both
// databases store it as it is made here.
//
// The index has parts. A part has the words of some events, usually of those
// stored one after another, in blocks: the words sorted, each with the events
// that have it.
//
//	part 7: events 4096..4607          heads: "", oacme, wdemo, wkim
//	  block 0: ""→all  i4c0b…→{17}     block 1: oacme→{0, 3}  oanna→{3}  …
//
// New events make a small part. When there are many small ones, they are merged
// into one; a large part is not merged again. So a word is written two or three
// times in all, in whole pages, and a search for the beginning of a word reads a
// few blocks of each part, the newest events first.
package lexicon

import (
	"errors"
	"strings"
)

const (
	// MaxSpan bounds how far apart the numbers of the events in a part are.
	MaxSpan = 1 << 15
	// blockSize is how large a block becomes: with its row it fits on a page of
	// SQLite. A word that many events have can take as much again, which still
	// fits on a page of PostgreSQL.
	blockSize = 4000
	// blockBits is how many bits of an id are the number in its part.
	blockBits = 20
)

// everything is the word of all events in a part. It is the first one.
const everything = ""

var (
	errDamaged = errors.New("the search index is damaged")
	// errStale means that parts were merged while they were looked at.
	errStale = errors.New("the search index has changed")
)

// Part is one part of the index.
type Part struct {
	Number      int64
	First, Last int64 // lowest and highest number of its events
	Size        int   // events
	Blocks      int
	Heads       []byte // for each block a text above all words before it, and not above its own
}

// Content is a part with its blocks.
type Content struct {
	Part
	Data [][]byte
}

// ID is the id of a block. The blocks of a part have consecutive ids.
func ID(part int64, block int) int64 { return part<<blockBits | int64(block) }

// PartOf returns the number of the part that a block belongs to.
func PartOf(id int64) int64 { return id >> blockBits }

// IDs are the ids of all blocks of a part.
func (p *Part) IDs() []int64 {
	ids := make([]int64, p.Blocks)
	for i := range ids {
		ids[i] = ID(p.Number, i)
	}
	return ids
}

// between returns the numbers of the first and the last block that can have
// words with a prefix.
func between(heads []string, prefix string) (first, last int) {
	for i, h := range heads {
		switch {
		case h <= prefix:
			first, last = i, i
		case strings.HasPrefix(h, prefix):
			last = i
		default:
			return first, last
		}
	}
	return first, last
}
