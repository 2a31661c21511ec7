package privacy

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestPattern is how many characters of a value are in the tree; the rest is
// compared where they are found.
const longestPattern = 128

// shortestCut is from how many characters on the beginning of a value is hidden
// before an ellipsis: a message may have been cut inside a value.
const shortestCut = 6

// finder finds many values in one pass (Aho–Corasick), so its time does not
// depend on how many there are or on untrusted input.
type finder struct {
	patterns []pattern
	nodes    []node
	next     map[edge]int32
	// first are the ASCII children of the root, for speed.
	first [utf8.RuneSelf]int32
}

type pattern struct {
	length    int    // characters of the part in the tree
	rest      []rune // what follows it
	wholeWord bool
}

type node struct {
	depth   int32
	parent  int32
	by      rune
	fail    int32
	pattern int32 // the pattern that ends here, or -1
	shorter int32 // nearest node with a pattern along the fail links, or 0
}

type edge struct {
	from int32
	by   rune
}

func newFinder(values map[string]bool) *finder {
	f := &finder{nodes: []node{{pattern: -1}}, next: map[edge]int32{}}
	for _, value := range slices.Sorted(maps.Keys(values)) {
		f.add([]rune(value), values[value])
	}
	order := make([]int32, len(f.nodes))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return int(f.nodes[a].depth - f.nodes[b].depth) })
	for _, i := range order[1:] {
		n := &f.nodes[i]
		if n.depth > 1 {
			n.fail = f.step(f.nodes[n.parent].fail, n.by)
		}
		if n.shorter = n.fail; f.nodes[n.fail].pattern < 0 {
			n.shorter = f.nodes[n.fail].shorter
		}
	}
	return f
}

func (f *finder) add(value []rune, wholeWord bool) {
	p := pattern{length: min(len(value), longestPattern), wholeWord: wholeWord}
	p.rest = value[p.length:]
	at := int32(0)
	for _, r := range value[:p.length] {
		to, ok := f.next[edge{at, r}]
		if !ok {
			to = int32(len(f.nodes))
			f.nodes = append(f.nodes, node{depth: f.nodes[at].depth + 1, parent: at, by: r, pattern: -1})
			f.next[edge{at, r}] = to
			if at == 0 && r < utf8.RuneSelf {
				f.first[r] = to
			}
		}
		at = to
	}
	if n := &f.nodes[at]; n.pattern >= 0 {
		// Two long values with the same beginning: it is hidden, and the rest
		// of the longer one.
		if known := &f.patterns[n.pattern]; len(known.rest) < len(p.rest) {
			known.rest = p.rest
		}
		return
	}
	f.nodes[at].pattern = int32(len(f.patterns))
	f.patterns = append(f.patterns, p)
}

func (f *finder) step(at int32, r rune) int32 {
	for {
		if at == 0 && r < utf8.RuneSelf {
			return f.first[r]
		}
		if to, ok := f.next[edge{at, r}]; ok {
			return to
		}
		if at == 0 {
			return 0
		}
		at = f.nodes[at].fail
	}
}

// find calls mark with each span of text, in bytes, that is a value. Values that
// count only as whole words are ignored if shorter than shortestWord.
func (f *finder) find(text []byte, shortestWord int, mark func(from, to int)) {
	at, covered := int32(0), 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRune(text[i:])
		}
		if n := f.nodes[at]; r == '…' && n.depth >= shortestCut {
			mark(back(text, i, int(n.depth)), i)
		}
		i += size
		at = f.step(at, foldRune(r))
		n := at
		if f.nodes[n].pattern < 0 {
			n = f.nodes[n].shorter
		}
		for ; n != 0; n = f.nodes[n].shorter {
			p := f.patterns[f.nodes[n].pattern]
			from := back(text, i, p.length)
			if p.wholeWord && (p.length < shortestWord || !standsAlone(text, from, i)) {
				continue
			}
			to := i
			if len(p.rest) > 0 && i > covered {
				to = extend(text, i, p.rest)
			}
			covered = max(covered, to)
			mark(from, to)
			break
		}
	}
}

// back returns the index n characters before i.
func back(text []byte, i, n int) int {
	for ; n > 0; n-- {
		_, size := utf8.DecodeLastRune(text[:i])
		i -= size
	}
	return i
}

// extend returns the end of the common prefix of text[i:] and rest.
func extend(text []byte, i int, rest []rune) int {
	for _, want := range rest {
		r, size := utf8.DecodeRune(text[i:])
		if size == 0 || foldRune(r) != want {
			break
		}
		i += size
	}
	return i
}

// standsAlone reports whether no letter or digit is next to the span.
func standsAlone(text []byte, from, to int) bool {
	before, _ := utf8.DecodeLastRune(text[:from])
	after, _ := utf8.DecodeRune(text[to:])
	return !inWord(before) && !inWord(after)
}

func inWord(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

func fold(s string) string { return strings.Map(foldRune, strings.ToValidUTF8(s, "\uFFFD")) }

// foldRune returns the same for a letter in any case.
func foldRune(r rune) rune {
	if r < 0x80 {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	if least < 0x80 {
		return foldRune(least)
	}
	return least
}
