package text

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Entry is one key of a mapping with its value, aliases and merges resolved.
type Entry struct {
	Name  string
	Key   *yaml.Node
	Value *yaml.Node
}

// Resolve follows aliases to their node. checkSize makes sure that this ends.
func Resolve(n *yaml.Node) *yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// EntriesOf lists the keys of a mapping. Its own keys override those merged with
// "<<". fail is called for duplicate keys and for keys that are not text.
func EntriesOf(n *yaml.Node, fail func(n *yaml.Node, message, hint string)) []Entry {
	var own, merged []Entry
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := Resolve(n.Content[i]), Resolve(n.Content[i+1])
		switch {
		case key.Tag == "!!merge":
			merged = append(merged, mergedEntries(key, value, fail)...)
		case key.Kind != yaml.ScalarNode:
			fail(n.Content[i], "a key must be text, not "+Article(key), "")
		case seen[key.Value] != nil:
			fail(n.Content[i], "duplicate key "+Quote(key.Value)+"; the first is on line "+
				strconv.Itoa(seen[key.Value].Line), "remove one of them")
		default:
			seen[key.Value] = key
			own = append(own, Entry{Name: key.Value, Key: n.Content[i], Value: value})
		}
	}
	for _, e := range merged {
		if seen[e.Name] == nil {
			seen[e.Name] = e.Key
			own = append(own, e)
		}
	}
	return own
}

func mergedEntries(key, value *yaml.Node, fail func(n *yaml.Node, message, hint string)) []Entry {
	var out []Entry
	switch value.Kind {
	case yaml.MappingNode:
		return EntriesOf(value, fail)
	case yaml.SequenceNode:
		for _, item := range value.Content {
			if item = Resolve(item); item.Kind == yaml.MappingNode {
				out = append(out, EntriesOf(item, fail)...)
				continue
			}
			fail(key, "<< can merge only mappings", "write <<: *name or <<: [*name, *other]")
		}
		return out
	}
	fail(key, "<< can merge only mappings", "write <<: *name or <<: [*name, *other]")
	return nil
}

// Article describes a node for messages, as in "a list" or "the number 5".
func Article(n *yaml.Node) string {
	switch n = Resolve(n); n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return n.Value
	}
	return "the text " + Quote(Clip(n.Value, 40))
}

func Clip(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// NodeAt finds the value at a path such as "headers.X-Id" or "to[1]" below a
// mapping. It returns the deepest node that exists.
func NodeAt(n *yaml.Node, path string) *yaml.Node {
	path = strings.NewReplacer("[", ".", "]", "").Replace(path)
	n = Resolve(n)
	for path != "" && n != nil {
		next, rest := step(n, path)
		if next == nil {
			return n
		}
		n, path = Resolve(next), rest
	}
	return n
}

// step follows the longest prefix of path that is a key of n, because keys may
// contain dots.
func step(n *yaml.Node, path string) (*yaml.Node, string) {
	if n.Kind == yaml.SequenceNode {
		first, rest, _ := strings.Cut(path, ".")
		if i, err := strconv.Atoi(first); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], rest
		}
		return nil, ""
	}
	var best *yaml.Node
	rest, longest := "", -1
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		after, ok := strings.CutPrefix(path, key)
		if ok && len(key) > longest && (after == "" || after[0] == '.') {
			best, rest, longest = n.Content[i+1], strings.TrimPrefix(after, "."), len(key)
		}
	}
	return best, rest
}
