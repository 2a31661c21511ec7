package lexicon

import (
	"encoding/binary"
	"math/bits"
)

// A block is a sequence of entries: how many bytes the word shares with the one
// before, how many follow, those; the length of the events twice, plus one when
// they are a bitmap; the events. A list of events is the first offset and the
// distances; a bitmap is preceded by how many of its bytes are left out as zero.

// blocks puts words into blocks.
type blocks struct {
	done  [][]byte
	heads []byte
	open  []byte
	last  string
	data  []byte // of the present word
}

// put adds a word that is above all before it. offsets are sorted and not
// empty.
func (b *blocks) put(word string, offsets []uint32) {
	var bitmap bool
	b.data, bitmap = encode(b.data[:0], offsets)
	if len(b.open) > 0 && len(b.open)+len(word)+len(b.data)+4 > blockSize {
		b.flush()
	}
	shared := 0
	if len(b.open) == 0 {
		head := word[:common(word, b.last)]
		if len(head) < len(word) {
			head = word[:len(head)+1]
		}
		b.heads = append(binary.AppendUvarint(b.heads, uint64(len(head))), head...)
	} else {
		shared = common(word, b.last)
	}
	b.open = binary.AppendUvarint(b.open, uint64(shared))
	b.open = binary.AppendUvarint(b.open, uint64(len(word)-shared))
	b.open = append(b.open, word[shared:]...)
	size := uint64(len(b.data)) << 1
	if bitmap {
		size |= 1
	}
	b.open = append(binary.AppendUvarint(b.open, size), b.data...)
	b.last = word
}

func (b *blocks) flush() {
	if len(b.open) > 0 {
		b.done = append(b.done, append([]byte(nil), b.open...))
		b.open = b.open[:0]
	}
}

// content returns everything that was put.
func (b *blocks) content(first, last int64, size int) *Content {
	b.flush()
	return &Content{Part: Part{First: first, Last: last, Size: size, Blocks: len(b.done), Heads: b.heads}, Data: b.done}
}

func common(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// encode appends offsets as a list or as a bitmap, whichever is shorter.
func encode(to []byte, offsets []uint32) (out []byte, bitmap bool) {
	from, until := offsets[0]/8, offsets[len(offsets)-1]/8+1
	start := len(to)
	last := uint32(0)
	for _, o := range offsets {
		to = binary.AppendUvarint(to, uint64(o-last))
		last = o
	}
	if len(to)-start <= int(until-from)+2 {
		return to, false
	}
	to = binary.AppendUvarint(to[:start], uint64(from))
	at := len(to)
	to = append(to, make([]byte, until-from)...)
	for _, o := range offsets {
		to[at+int(o/8-from)] |= 1 << (o % 8)
	}
	return to, true
}

// entries reads the words of a block.
type entries struct {
	rest   []byte
	word   []byte // of the present entry
	data   []byte
	bitmap bool
}

// next goes to the next entry; ok is false at the end.
func (e *entries) next() (ok bool, err error) {
	if len(e.rest) == 0 {
		return false, nil
	}
	shared, more, size := e.number(), e.number(), uint64(0)
	if shared > uint64(len(e.word)) || more > uint64(len(e.rest)) {
		return false, errDamaged
	}
	e.word = append(e.word[:shared], e.rest[:more]...)
	e.rest = e.rest[more:]
	size = e.number()
	e.bitmap = size&1 == 1
	if size >>= 1; size == 0 || size > uint64(len(e.rest)) {
		return false, errDamaged
	}
	e.data, e.rest = e.rest[:size], e.rest[size:]
	return true, nil
}

// number reads a number; a damaged one is larger than any that fits.
func (e *entries) number() uint64 {
	v, n := binary.Uvarint(e.rest)
	if n <= 0 {
		e.rest = nil
		return 1 << 62
	}
	e.rest = e.rest[n:]
	return v
}

// offsets appends the events of the present entry to a list.
func (e *entries) offsets(to []uint32) ([]uint32, error) {
	err := e.each(func(o uint32) { to = append(to, o) })
	return to, err
}

func (e *entries) each(visit func(offset uint32)) error {
	data := e.data
	at, n := binary.Uvarint(data)
	if n <= 0 || at >= MaxSpan {
		return errDamaged
	}
	data = data[n:]
	if e.bitmap {
		if int(at)+len(data) > MaxSpan/8 {
			return errDamaged
		}
		for i, b := range data {
			for ; b != 0; b &= b - 1 {
				visit(uint32(int(at)+i)*8 + uint32(bits.TrailingZeros8(b)))
			}
		}
		return nil
	}
	visit(uint32(at))
	for len(data) > 0 {
		more, n := binary.Uvarint(data)
		if at += more; n <= 0 || at >= MaxSpan {
			return errDamaged
		}
		data = data[n:]
		visit(uint32(at))
	}
	return nil
}

// set are events of a part, by their offset.
type set []uint64

func newSet(span int64) set { return make(set, span/64+1) }

// join adds the events of an entry.
func (s set) join(e *entries) (err error) {
	outside := false
	err = e.each(func(o uint32) {
		if i := int(o / 64); i < len(s) {
			s[i] |= 1 << (o % 64)
		} else {
			outside = true
		}
	})
	if err == nil && outside {
		return errDamaged
	}
	return err
}

// meet keeps the events that are also in another set, and reports whether there
// are any.
func (s set) meet(other set) (left bool) {
	for i := range s {
		s[i] &= other[i]
		left = left || s[i] != 0
	}
	return left
}

func (s set) has(offset uint32) bool {
	return int(offset/64) < len(s) && s[offset/64]&(1<<(offset%64)) != 0
}
