package text

import (
	"iter"
	"strings"
)

// FlowKind tells the kinds of FlowToken apart.
type FlowKind int

const (
	FlowSpace   FlowKind = iota // spaces, tabs and line breaks
	FlowComment                 // from # to the end of the line
	FlowOpen                    // { or [
	FlowClose                   // } or ]
	FlowComma                   // between brackets only; elsewhere a comma is text
	FlowColon                   // between a key and its value
	FlowQuoted                  // text in single or double quotes, with the quotes
	FlowOther                   // text without quotes up to a space, an anchor, an alias or a tag
)

// FlowToken is a piece of YAML in flow style, such as { a: [b, "c"] }.
type FlowToken struct {
	Kind FlowKind
	Text string // as it is written
	At   int    // the byte where it begins
	// Depth is how many brackets are open behind the token. It is below zero
	// when more are closed than opened.
	Depth    int
	Unclosed bool // the closing quote is missing; the token is all of the rest
}

const flowBlanks = " \t\r\n"

// FlowTokens cuts a text in flow style into its tokens, in order and without
// gaps. It reads texts that do not parse, too: any text has tokens. A quote is
// one only where a key or a value begins, so it's is plain text.
//
// The YAML parser tells where a flow collection begins but not where it ends,
// and nothing about a text that it refuses. Its own tokens are not exported.
func FlowTokens(s string) iter.Seq[FlowToken] {
	return func(yield func(FlowToken) bool) {
		l := flowLexer{rest: s, fresh: true}
		for at := 0; l.rest != ""; {
			t := l.next()
			t.At = at
			at += len(t.Text)
			if !yield(t) {
				return
			}
		}
	}
}

type flowLexer struct {
	rest  string
	depth int
	fresh bool // a key or a value begins here
	plain bool // the last token is text without quotes
}

func (l *flowLexer) next() FlowToken {
	t := FlowToken{Kind: l.kind()}
	n := 1
	switch t.Kind {
	case FlowSpace:
		n = len(l.rest) - len(strings.TrimLeft(l.rest, flowBlanks))
	case FlowComment:
		if n = strings.IndexAny(l.rest, "\r\n"); n < 0 {
			n = len(l.rest)
		}
	case FlowOpen:
		l.depth++
	case FlowClose:
		l.depth--
	case FlowQuoted:
		if n = quotedEnd(l.rest); n < 0 {
			n, t.Unclosed = len(l.rest), true
		}
	case FlowOther:
		n = l.otherEnd()
	}
	t.Text, t.Depth = l.rest[:n], l.depth
	l.rest = l.rest[n:]
	l.follow(t)
	return t
}

// kind tells by its first byte what comes next.
func (l *flowLexer) kind() FlowKind {
	switch l.rest[0] {
	case ' ', '\t', '\r', '\n':
		return FlowSpace
	case '#': // inside a text it is part of that token
		return FlowComment
	case '{', '[':
		return FlowOpen
	case '}', ']':
		return FlowClose
	case ',':
		if l.depth > 0 {
			return FlowComma
		}
	case ':':
		if l.endsKey() {
			return FlowColon
		}
	case '"', '\'':
		if l.fresh {
			return FlowQuoted
		}
	}
	return FlowOther
}

// endsKey reports whether the colon that comes next is more than a character:
// behind text without quotes, only with a space after it.
func (l *flowLexer) endsKey() bool {
	return l.depth > 0 && !l.plain || blankAt(l.rest, 1)
}

// follow notes what the token means for the next one.
func (l *flowLexer) follow(t FlowToken) {
	switch t.Kind {
	case FlowSpace, FlowComment:
		return
	case FlowOpen, FlowComma, FlowColon:
		l.fresh = true
	case FlowOther: // behind an anchor or a tag, the value is still to come
		l.fresh = l.fresh && (t.Text[0] == '&' || t.Text[0] == '!')
	default:
		l.fresh = false
	}
	l.plain = t.Kind == FlowOther
}

// otherEnd returns the length of a text without quotes.
func (l *flowLexer) otherEnd() int {
	for i := 1; i < len(l.rest); i++ {
		switch l.rest[i] {
		case ' ', '\t', '\r', '\n', '{', '}', '[', ']':
			return i
		case ',':
			if l.depth > 0 {
				return i
			}
		case ':':
			if blankAt(l.rest, i+1) {
				return i
			}
		}
	}
	return len(l.rest)
}

// blankAt reports whether a space or the end is at byte i.
func blankAt(s string, i int) bool {
	return i >= len(s) || strings.IndexByte(flowBlanks, s[i]) >= 0
}

// quotedEnd returns the length of the quoted text that s begins with, or -1.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[0] == '"' && s[i] == '\\':
			i++
		case s[i] != s[0]:
		case s[0] == '\'' && strings.HasPrefix(s[i+1:], "'"):
			i++
		default:
			return i + 1
		}
	}
	return -1
}
