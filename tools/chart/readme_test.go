package chart_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestReadme holds the table of values in the chart's README to values.yaml.
func TestReadme(t *testing.T) {
	t.Parallel()
	var values yaml.Node
	if err := yaml.Unmarshal(read(t, chartDir+"/values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	rows.WriteString("| value | default | meaning |\n|---|---|---|\n")
	addRows(t, &rows, "", values.Content[0])
	text := string(read(t, chartDir+"/README.md"))
	before, rest, found := strings.Cut(text, "<!-- made: values -->\n")
	_, after, ends := strings.Cut(rest, "<!-- end -->")
	if !found || !ends {
		t.Fatal("the README has no place for the table of values")
	}
	made(t, chartDir+"/README.md", []byte(before+"<!-- made: values -->\n"+rows.String()+"<!-- end -->"+after))
}

// TestObjectsInDocs validates the objects in docs/kubernetes.md.
func TestObjectsInDocs(t *testing.T) {
	t.Parallel()
	found := 0
	for _, m := range regexp.MustCompile("(?s)```yaml\n(apiVersion: .*?)```").FindAllStringSubmatch(string(read(t, root+"/docs/kubernetes.md")), -1) {
		var head struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal([]byte(m[1]), &head); err != nil {
			t.Fatal(err)
		}
		found++
		text := m[1]
		if !strings.Contains(text, "namespace:") { // which kubectl fills in
			text = strings.Replace(text, "metadata: { ", "metadata: { namespace: events, ", 1)
		}
		for _, problem := range problems(object{kind: head.Kind, name: head.Metadata.Name, text: text}) {
			t.Errorf("%s %s: %v", head.Kind, head.Metadata.Name, problem)
		}
	}
	if found < 2 {
		t.Errorf("only %d objects were found; does the test still see them?", found)
	}
}

// addRows writes a row for each value, and one for each group that has a comment.
func addRows(t *testing.T, rows *strings.Builder, prefix string, node *yaml.Node) {
	t.Helper()
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := prefix + key.Value
		says := comment(key)
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 && value.Style != yaml.FlowStyle && !plain(name) {
			if says != "" {
				fmt.Fprintf(rows, "| **`%s`** | | %s |\n", name, says)
			}
			addRows(t, rows, name+".", value)
			continue
		}
		text, err := yaml.Marshal(flow(value))
		if err != nil {
			t.Fatal(err)
		}
		shown := strings.TrimSpace(strings.Join(strings.Fields(string(text)), " "))
		fmt.Fprintf(rows, "| `%s` | `%s` | %s |\n", name, strings.ReplaceAll(shown, "|", `\|`), says)
	}
}

// plain tells values that are copied into the pod as they are.
func plain(name string) bool {
	return name == "resources" || name == "podSecurityContext" || name == "securityContext"
}

func flow(node *yaml.Node) *yaml.Node {
	copied := *node
	copied.HeadComment, copied.LineComment, copied.FootComment = "", "", ""
	if copied.Kind == yaml.MappingNode || copied.Kind == yaml.SequenceNode {
		copied.Style = yaml.FlowStyle
	}
	copied.Content = nil
	for _, child := range node.Content {
		copied.Content = append(copied.Content, flow(child))
	}
	return &copied
}

// comment is what stands above a key. The last paragraph is its own.
func comment(key *yaml.Node) string {
	paragraphs := strings.Split(key.HeadComment, "\n\n")
	var words []string
	for line := range strings.Lines(paragraphs[len(paragraphs)-1]) {
		words = append(words, strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "#"))...)
	}
	return strings.ReplaceAll(strings.Join(words, " "), "|", `\|`)
}
