package lexicon

// Listed returns the numbers of the events in a part, out of its first block.
func (p *Part) Listed(first []byte) ([]int64, error) {
	e := entries{rest: first}
	ok, err := e.next()
	if err != nil || !ok || len(e.word) > 0 {
		return nil, errDamaged
	}
	offsets, err := e.offsets(nil)
	seqs := make([]int64, len(offsets))
	for i, o := range offsets {
		seqs[i] = p.First + int64(o)
	}
	return seqs, err
}

// Forgetting removes events from the blocks of a part.
type Forgetting struct {
	gone set
	// listed keeps them in the list of all events, so that they are not indexed
	// again.
	listed bool
}

// Forget prepares to remove events from the blocks of a part. If listed is true,
// their words go, and they still count as indexed.
func (p *Part) Forget(seqs []int64, listed bool) *Forgetting {
	f := &Forgetting{gone: newSet(p.Last - p.First), listed: listed}
	for _, seq := range seqs {
		if seq >= p.First && seq <= p.Last {
			o := seq - p.First
			f.gone[o/64] |= 1 << (o % 64)
		}
	}
	return f
}

// Block returns a block without the events, and whether it had any of them. It
// never becomes longer, and may become empty.
func (f *Forgetting) Block(block []byte) (out []byte, changed bool, err error) {
	e, had, err := entries{rest: block}, false, error(nil)
	for {
		ok, err := e.next()
		if err != nil {
			return nil, false, err
		}
		if !ok {
			break
		}
		if f.listed && len(e.word) == 0 {
			continue
		}
		if err := e.each(func(o uint32) { had = had || f.gone.has(o) }); err != nil {
			return nil, false, err
		}
		if had {
			return f.without(block)
		}
	}
	return block, false, err
}

func (f *Forgetting) without(block []byte) (out []byte, changed bool, err error) {
	var (
		e    = entries{rest: block}
		b    blocks
		kept []uint32
	)
	for {
		ok, err := e.next()
		if err != nil {
			return nil, false, err
		}
		if !ok {
			break
		}
		kept = kept[:0]
		err = e.each(func(o uint32) {
			if f.listed && len(e.word) == 0 || !f.gone.has(o) {
				kept = append(kept, o)
			}
		})
		if err != nil {
			return nil, false, err
		}
		if len(kept) > 0 {
			b.put(string(e.word), kept)
		}
	}
	b.flush()
	for _, d := range b.done {
		out = append(out, d...)
	}
	return out, true, nil
}
