package sieve

// literals finds many texts in another in one pass (Aho–Corasick): the time
// depends on the length of the other text, and not on how many there are.
type literals struct {
	nodes []step
	// first are the children of the root, which is node 0.
	first [256]int32
}

// step is a beginning of some of the literals.
type step struct {
	child, sibling int32 // 0 for none
	fail           int32 // the longest other beginning that this one ends in
	shorter        int32 // the nearest literal along the fail links, or 0
	literal        int32 // the literal that ends here, or -1
	by             byte
}

func newLiterals(list []part) *literals {
	l := &literals{nodes: []step{{literal: -1}}}
	for i := range list {
		at := int32(0)
		for _, b := range []byte(list[i].text) {
			at = l.childFor(at, b)
		}
		l.nodes[at].literal = int32(i)
	}
	l.link()
	return l
}

func (l *literals) child(at int32, b byte) int32 {
	if at == 0 {
		return l.first[b]
	}
	to := l.nodes[at].child
	for to != 0 && l.nodes[to].by != b {
		to = l.nodes[to].sibling
	}
	return to
}

func (l *literals) childFor(at int32, b byte) int32 {
	if to := l.child(at, b); to != 0 {
		return to
	}
	to := int32(len(l.nodes))
	l.nodes = append(l.nodes, step{by: b, literal: -1, sibling: l.nodes[at].child})
	l.nodes[at].child = to
	if at == 0 {
		l.first[b] = to
	}
	return to
}

// link sets the fail links, shorter beginnings first.
func (l *literals) link() {
	queue := make([]int32, 1, len(l.nodes))
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		for to := l.nodes[at].child; to != 0; to = l.nodes[to].sibling {
			n := &l.nodes[to]
			if at != 0 {
				n.fail = l.next(l.nodes[at].fail, n.by)
			}
			if n.shorter = n.fail; l.nodes[n.fail].literal < 0 {
				n.shorter = l.nodes[n.fail].shorter
			}
			queue = append(queue, to)
		}
	}
}

func (l *literals) next(at int32, b byte) int32 {
	for {
		if to := l.child(at, b); to != 0 || at == 0 {
			return to
		}
		at = l.nodes[at].fail
	}
}

// hits are the literals found in a text, each once.
type hits struct {
	found []int32
	known []bool // by literal
}

// in finds the literals that are in a text. The list is valid until the next
// call with the same memory.
func (l *literals) in(text string, into *hits, n int) []int32 {
	into.found = into.found[:0]
	if len(into.known) < n {
		into.known = make([]bool, n)
	}
	l.collect(0, into)
	at := int32(0)
	for i := range len(text) {
		at = l.next(at, text[i])
		l.collect(at, into)
	}
	for _, literal := range into.found {
		into.known[literal] = false
	}
	return into.found
}

// collect adds the literals that end here. If one is known, so are those that it
// ends in.
func (l *literals) collect(at int32, into *hits) {
	if l.nodes[at].literal < 0 {
		at = l.nodes[at].shorter
	}
	for at >= 0 {
		literal := l.nodes[at].literal
		if literal < 0 || into.known[literal] {
			return
		}
		into.known[literal] = true
		into.found = append(into.found, literal)
		if at == 0 {
			return
		}
		at = l.nodes[at].shorter
	}
}
