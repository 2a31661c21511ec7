package format

import (
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/rules"
	"gopkg.in/yaml.v3"
)

// orderFile sorts the keys of a file, its connections, rules and actions in the
// order of the reference. Unknown keys keep their order.
func orderFile(root *yaml.Node) {
	if root.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		value := root.Content[i+1]
		switch root.Content[i].Value {
		case "connections":
			for j := 1; value.Kind == yaml.MappingNode && j < len(value.Content); j += 2 {
				order(value.Content[j], func(key string) int { return position([]string{"kind"}, key, 1) })
			}
		case "chains":
			for j := 1; value.Kind == yaml.MappingNode && j < len(value.Content); j += 2 {
				orderChain(value.Content[j])
			}
		case "rules":
			for _, rule := range value.Content {
				orderRule(rule)
			}
		}
	}
	order(root, func(key string) int {
		if strings.HasPrefix(key, "x-") {
			return 0
		}
		return 1 + position(rules.TopKeys, key, len(rules.TopKeys))
	})
}

func orderRule(rule *yaml.Node) {
	keys := rules.RuleKeys()
	// Unknown keys come before the actions, which are the longest part.
	order(rule, func(key string) int {
		if key == "actions" {
			return len(keys)
		}
		return position(keys, key, len(keys)-1)
	})
	for i := 0; rule.Kind == yaml.MappingNode && i+1 < len(rule.Content); i += 2 {
		if rule.Content[i].Value != "actions" {
			continue
		}
		orderActions(rule.Content[i+1])
	}
}

func orderChain(chain *yaml.Node) {
	keys := rules.ChainKeys()
	order(chain, func(key string) int { return position(keys, key, len(keys)) })
	for i := 0; chain.Kind == yaml.MappingNode && i+1 < len(chain.Content); i += 2 {
		if chain.Content[i].Value == "steps" {
			orderActions(chain.Content[i+1])
		}
	}
}

// orderActions sorts the keys of actions and of those inside groups.
func orderActions(list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		return
	}
	for _, action := range list.Content {
		order(action, func(key string) int {
			// id and when, the kind, then how to run it.
			return position([]string{"id", "for_each", "max", "when", "", "with", "timeout", "retry", "on_error", "on_unknown", "steps", "else"}, key, 4)
		})
		for i := 0; action.Kind == yaml.MappingNode && i+1 < len(action.Content); i += 2 {
			if key := action.Content[i].Value; key == "steps" || key == "else" {
				orderActions(action.Content[i+1])
			}
		}
	}
}

func position(keys []string, key string, unknown int) int {
	if i := slices.Index(keys, key); i >= 0 {
		return i
	}
	return unknown
}

// order sorts the entries of a mapping, unless it defines an anchor, because
// references must come after it.
func order(n *yaml.Node, rank func(key string) int) {
	if n.Kind != yaml.MappingNode || slices.ContainsFunc(n.Content, definesAnchor) {
		return
	}
	type pair struct {
		key, value *yaml.Node
		rank       int
	}
	pairs := make([]pair, 0, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		p := pair{key: n.Content[i], value: n.Content[i+1], rank: rank(n.Content[i].Value)}
		if p.key.Value == "<<" {
			p.rank = -1
		}
		pairs = append(pairs, p)
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return a.rank - b.rank })
	for i, p := range pairs {
		n.Content[2*i], n.Content[2*i+1] = p.key, p.value
	}
}

func definesAnchor(n *yaml.Node) bool {
	return n.Anchor != "" || slices.ContainsFunc(n.Content, definesAnchor)
}
