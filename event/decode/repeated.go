package decode

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// repeated returns the paths of names that occur more than once in an object,
// ignoring case, as decoding does. body must be valid JSON.
func repeated(body []byte) (paths []string) {
	var frames [8]frame
	var names [64]name
	s := scan{frames: frames[:0], names: names[:0]}
	for i := 0; i < len(body); {
		switch body[i] {
		case '"':
			end := endOfText(body, i)
			if s.atName && s.had(body[i+1:end-1]) && len(paths) < maxDrift {
				paths = append(paths, s.path())
			}
			i = end
			continue
		case '{':
			s.frames = append(s.frames, frame{object: true, first: len(s.names)})
			s.atName = true
		case '[':
			s.frames = append(s.frames, frame{first: len(s.names)})
			s.atName = false
		case '}', ']':
			last := len(s.frames) - 1
			s.names = s.names[:s.frames[last].first]
			s.frames = s.frames[:last]
			s.atName = false
		case ',':
			s.atName = s.frames[len(s.frames)-1].object
		}
		i++
	}
	return paths
}

// scan is one walk through a body.
type scan struct {
	frames []frame
	names  []name // of all open objects
	atName bool   // the next text is a name
}

// frame is an open object or list.
type frame struct {
	object bool
	hashes uint64          // a bit for each of its names
	first  int             // index of its first name
	many   map[string]bool // its names in lower case, once there are many
}

type name struct {
	hash uint32
	text []byte
}

// fewNames is the number of names up to which they are compared one by one.
const fewNames = 32

// had adds a name to the innermost object and reports whether it was there.
func (s *scan) had(text []byte) bool {
	s.atName = false
	if bytes.IndexByte(text, '\\') >= 0 {
		text = unescaped(text)
	}
	n := name{hash: folded(text), text: text}
	f := &s.frames[len(s.frames)-1]
	mine := s.names[f.first:]
	s.names = append(s.names, n)
	if len(mine) >= fewNames {
		return f.hadMany(mine, n)
	}
	bit := uint64(1) << (n.hash % 64)
	if f.hashes&bit == 0 {
		f.hashes |= bit
		return false
	}
	for _, other := range mine {
		if other.hash == n.hash && bytes.EqualFold(other.text, n.text) {
			return true
		}
	}
	return false
}

func (f *frame) hadMany(mine []name, n name) bool {
	if f.many == nil {
		f.many = make(map[string]bool, 2*len(mine))
		for _, other := range mine {
			f.many[strings.ToLower(string(other.text))] = true
		}
	}
	key := strings.ToLower(string(n.text))
	had := f.many[key]
	f.many[key] = true
	return had
}

// path returns the path of the newest name.
func (s *scan) path() string {
	var path strings.Builder
	for i, inner := range s.frames[1:] {
		if path.Len() > maxDriftPath {
			break
		}
		step := "*"
		if s.frames[i].object {
			step = string(s.names[inner.first-1].text)
		}
		path.WriteString(step + ".")
	}
	path.Write(s.names[len(s.names)-1].text)
	return clip(path.String(), maxDriftPath)
}

func unescaped(text []byte) []byte {
	var plain string
	if json.Unmarshal(slices.Concat([]byte{'"'}, text, []byte{'"'}), &plain) != nil {
		return text // not reached: the body is valid JSON
	}
	return []byte(plain)
}

func folded(text []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range text {
		if c < 0x80 {
			h = (h ^ uint32(c|0x20)) * 16777619
		}
	}
	return h
}

// endOfText returns the offset after the string that begins at start.
func endOfText(body []byte, start int) int {
	for i := start + 1; ; i++ {
		i += bytes.IndexByte(body[i:], '"')
		back := i
		for body[back-1] == '\\' {
			back--
		}
		if (i-back)%2 == 0 {
			return i + 1
		}
	}
}
