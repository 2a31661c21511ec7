package decode

import "bytes"

// MaxDepth is how deep an event may be nested. Deeper parts are replaced by
// TooDeep, because JSON decoders, including Go's, refuse deeper documents, and
// with them every list that contains such an event.
const MaxDepth = 100

// TooDeep replaces values that are nested too deep.
const TooDeep = "[not kept: nested too deep]"

// Depth returns how deep the lists and objects of a JSON text are nested.
func Depth(raw []byte) int {
	deepest := 0
	walkBrackets(raw, func(depth, _ int, _ bool) { deepest = max(deepest, depth) })
	return deepest
}

// Shallow returns the JSON text with everything nested deeper than limit
// replaced by TooDeep, and whether anything was.
func Shallow(raw []byte, limit int) (out []byte, cut bool) {
	kept := 0 // the end of what is in out
	walkBrackets(raw, func(depth, at int, opens bool) {
		switch {
		case depth != limit+1:
		case opens:
			out = append(out, raw[kept:at]...)
			out = append(out, `"`+TooDeep+`"`...)
			kept, cut = len(raw), true // until it closes
		default:
			kept = at + 1
		}
	})
	if !cut {
		return raw, false
	}
	return append(out, raw[kept:]...), true
}

// walkBrackets calls visit for every bracket of a JSON text, with the depth
// inside it and its offset. It also accepts text that is not valid JSON.
func walkBrackets(raw []byte, visit func(depth, at int, opens bool)) {
	depth := 0
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			i = endOfString(raw, i)
		case '{', '[':
			depth++
			visit(depth, i, true)
		case '}', ']':
			visit(depth, i, false)
			depth--
		}
	}
}

// endOfString returns the offset of the quote that ends the string beginning at
// i, or the end of the text.
func endOfString(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		next := bytes.IndexAny(raw[i:], `"\`)
		if next < 0 {
			return len(raw)
		}
		i += next
		if raw[i] == '"' {
			return i
		}
		i++ // the escaped character
	}
	return len(raw)
}
