package sieve

import "strings"

// Verdict is what is known about a condition without running it.
type Verdict uint8

// The results of Decide.
const (
	Unknown Verdict = iota // it must be run
	No
	Yes
)

func verdictOf(b bool) Verdict {
	if b {
		return Yes
	}
	return No
}

// Condition is what Fields.Read understood of a condition. The rest is Unknown
// for every event.
type Condition struct{ root *node }

// Decide returns the verdict for one event.
func (c *Condition) Decide(v *Values) Verdict { return c.root.decide(v) }

type operator uint8

const (
	opaque operator = iota // not understood
	and
	or
	not
	equals   // a text
	among    // one of several texts
	isTrue   // the boolean true
	isFalse  // the boolean false
	given    // is present
	contains // this and the rest search in a text
	startsWith
	endsWith
)

// node is a part of a condition.
type node struct {
	op          operator
	left, right *node // right is nil for not
	field       int
	text        string
	set         map[string]struct{}
	// whenAbsent is the result of a comparison if the field is missing.
	whenAbsent Verdict
}

func (n *node) decide(v *Values) Verdict {
	switch n.op {
	case opaque:
		return Unknown
	case and:
		if left := n.left.decide(v); left != Yes {
			return left
		}
		return n.right.decide(v)
	case or:
		if left := n.left.decide(v); left != No {
			return left
		}
		return n.right.decide(v)
	case not:
		switch n.left.decide(v) {
		case Yes:
			return No
		case No:
			return Yes
		}
		return Unknown
	}
	return n.compare(v.at(n.field))
}

// compare decides one comparison.
func (n *node) compare(x *value) Verdict {
	switch x.state {
	case absent:
		return n.whenAbsent
	case text:
		return verdictOf(n.holds(x.text))
	case yes, no:
		switch n.op {
		case isTrue:
			return verdictOf(x.state == yes)
		case isFalse:
			return verdictOf(x.state == no)
		}
		return n.other()
	case number:
		return n.other()
	}
	return Unknown
}

// holds reports whether a comparison is true for a text.
func (n *node) holds(s string) bool {
	switch n.op {
	case equals:
		return s == n.text
	case among:
		_, ok := n.set[s]
		return ok
	case given:
		return n.whenAbsent == No || s != ""
	case contains:
		return strings.Contains(s, n.text)
	case startsWith:
		return strings.HasPrefix(s, n.text)
	case endsWith:
		return strings.HasSuffix(s, n.text)
	}
	return false // a text is neither true nor false
}

// other is the result for a number or boolean where a text was expected:
// comparing it is false, searching in it fails.
func (n *node) other() Verdict {
	switch n.op {
	case contains, startsWith, endsWith:
		return Unknown
	}
	return verdictOf(n.op == given)
}
