package suite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/event"
	"github.com/gavel-rules/gavel/rules/language"
)

// DraftCase is a test to be written to a file.
type DraftCase struct {
	Name string
	Now  time.Time
	// Body is the event. Replies are the results of actions by rule/id, as JSON.
	Body    json.RawMessage
	Replies map[string]json.RawMessage
	// Memory is what was remembered before the event.
	Memory map[string]any
	// Runs and Waiting are what to expect.
	Runs    map[string]event.Status
	Waiting map[string]time.Time
	// Differs are the rules that give another result for Body than for the
	// original event, because they check a value that was replaced.
	Differs []string
}

// YAML returns a test file with this test.
func (d DraftCase) YAML() ([]byte, error) {
	body, err := yamlOfJSON(d.Body)
	if err != nil {
		return nil, err
	}
	test := mappingNode("name", textNode(d.Name), "now", plainNode(d.Now.UTC().Format(time.RFC3339)), "body", body)
	if len(d.Memory) > 0 {
		raw, err := json.Marshal(d.Memory)
		if err != nil {
			return nil, fmt.Errorf("write the memory: %w", err)
		}
		given, err := yamlOfJSON(raw)
		if err != nil {
			return nil, err
		}
		test.Content = append(test.Content, plainNode("memory"), given)
	}
	if len(d.Replies) > 0 {
		replies := mappingNode()
		for _, id := range slices.Sorted(maps.Keys(d.Replies)) {
			reply, err := yamlOfJSON(d.Replies[id])
			if err != nil {
				return nil, err
			}
			replies.Content = append(replies.Content, plainNode(id), reply)
		}
		test.Content = append(test.Content, plainNode("replies"), replies)
	}
	expect := mappingNode("runs", statusesNode(d.Runs))
	if len(d.Waiting) > 0 {
		waiting := mappingNode()
		for _, rule := range slices.Sorted(maps.Keys(d.Waiting)) {
			waiting.Content = append(waiting.Content, plainNode(rule), plainNode(d.Waiting[rule].UTC().Format(time.RFC3339)))
		}
		expect.Content = append(expect.Content, plainNode("waiting"), waiting)
	}
	test.Content = append(test.Content, plainNode("expect"), expect)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err = e.Encode(mappingNode("tests", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{test}}))
	if err == nil {
		err = e.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("write the test: %w", err)
	}
	return b.Bytes(), nil
}

func statusesNode(runs map[string]event.Status) *yaml.Node {
	n := mappingNode()
	n.Style = yaml.FlowStyle
	for _, rule := range slices.Sorted(maps.Keys(runs)) {
		n.Content = append(n.Content, plainNode(rule), plainNode(string(runs[rule])))
	}
	return n
}

// yamlOfJSON converts JSON to YAML in block style.
func yamlOfJSON(raw json.RawMessage) (*yaml.Node, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(raw, &n); err != nil {
		return nil, fmt.Errorf("write JSON as YAML: %w", err)
	}
	if len(n.Content) != 1 {
		return nil, fmt.Errorf("write JSON as YAML: it is empty")
	}
	layOut(n.Content[0])
	return n.Content[0], nil
}

// layOut removes brackets, and quotes of keys.
func layOut(n *yaml.Node) {
	if len(n.Content) > 0 {
		n.Style &^= yaml.FlowStyle
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && language.IsIdentifier(child.Value) {
			child.Style = 0
		}
		layOut(child)
	}
}

func plainNode(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

func textNode(s string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
}

// mappingNode makes a mapping from keys and values in turn.
func mappingNode(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range pairs {
		switch x := p.(type) {
		case string:
			n.Content = append(n.Content, plainNode(x))
		case *yaml.Node:
			n.Content = append(n.Content, x)
		}
	}
	return n
}
