package privacy

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// JSON returns a value without the secrets. It decodes the strings, keys and
// numbers, so the result is valid JSON whatever the secrets are. Invalid JSON is
// hidden as a whole.
func (g *Gate) JSON(raw json.RawMessage) json.RawMessage {
	if g == nil || len(raw) == 0 {
		return raw
	}
	if g.all || !json.Valid(raw) {
		return quoted(Redacted)
	}
	leaf := func(token []byte) []byte { return g.token(token) }
	return rewrite(raw, struct{}{}, rewriter[struct{}]{
		key:  func(token []byte) []byte { return leaf(token) },
		leaf: func(_ struct{}, token []byte) []byte { return leaf(token) },
	})
}

// token hides secrets in a string or number; other tokens cannot have any.
func (g *Gate) token(token []byte) []byte {
	if token[0] != '"' {
		if digit := token[0] == '-' || '0' <= token[0] && token[0] <= '9'; digit && g.Text(string(token)) != string(token) {
			return quoted(Redacted)
		}
		return token
	}
	var text string
	if err := json.Unmarshal(token, &text); err != nil {
		return quoted(Redacted)
	}
	if shown := g.Text(text); shown != text {
		return quoted(shown)
	}
	return token
}

func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return []byte(`"` + Redacted + `"`)
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// rewriter replaces parts of a JSON value. C is the state at a place in it.
type rewriter[C any] struct {
	below func(at C, name string) C // nil: the same state everywhere
	key   func(token []byte) []byte // nil: keys are kept
	leaf  func(at C, token []byte) []byte
}

// level is an open object or list.
type level[C any] struct {
	at      C
	object  bool
	wantKey bool
	index   int
}

// rewrite copies valid JSON with its keys and scalar values replaced. It is not
// recursive, so deep nesting needs no stack.
func rewrite[C any](raw []byte, root C, r rewriter[C]) []byte {
	var out bytes.Buffer
	out.Grow(len(raw) + len(raw)/8)
	var levels []level[C]
	at := root // of the next value
	item := func(l *level[C]) {
		if r.below != nil && !l.object {
			at = r.below(l.at, strconv.Itoa(l.index))
		}
	}
	for i := 0; i < len(raw); {
		c := raw[i]
		var top *level[C]
		if len(levels) > 0 {
			top = &levels[len(levels)-1]
		}
		end := i + 1
		switch c {
		case '{', '[':
			levels = append(levels, level[C]{at: at, object: c == '{', wantKey: c == '{'})
			item(&levels[len(levels)-1])
		case '}', ']':
			levels = levels[:len(levels)-1]
		case ',':
			top.wantKey, top.index = top.object, top.index+1
			item(top)
		case ':', ' ', '\t', '\r', '\n':
		default:
			end = tokenEnd(raw, i)
			token := raw[i:end]
			if top != nil && top.wantKey {
				top.wantKey = false
				if r.below != nil {
					at = r.below(top.at, nameOf(token))
				}
				if r.key != nil {
					token = r.key(token)
				}
			} else {
				token = r.leaf(at, token)
			}
			out.Write(token)
			i = end
			continue
		}
		out.WriteByte(c)
		i = end
	}
	return out.Bytes()
}

// tokenEnd returns the end of the string, number or word that starts at i.
func tokenEnd(raw []byte, i int) int {
	if raw[i] != '"' {
		for i < len(raw) && !bytes.ContainsRune([]byte(",]} \t\r\n"), rune(raw[i])) {
			i++
		}
		return i
	}
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func nameOf(token []byte) string {
	var name string
	_ = json.Unmarshal(token, &name) // part of valid JSON
	return name
}
