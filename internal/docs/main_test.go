package docs_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/internal/testkit"
)

var update = flag.Bool("update", false, "write the parts of the documents that are made from code")

func TestMain(m *testing.M) { testkit.Main(m) }

// root is the top of the source tree.
const root = "../.."

// document is one Markdown file.
type document struct {
	path   string // from the root, with slashes
	text   string
	blocks []block
}

// block is one fenced block.
type block struct {
	doc    string
	line   int    // of the first line inside
	lang   string // as written behind the fence
	text   string
	before string // what an HTML comment "<!-- before: … -->" above it says
}

// documents reads the README, the changelog and everything below docs.
func documents(t *testing.T) []document {
	t.Helper()
	paths := []string{"README.md", "CHANGELOG.md"}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, ".md") {
			relative, _ := filepath.Rel(root, path)
			paths = append(paths, filepath.ToSlash(relative))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	docs := make([]document, 0, len(paths))
	for _, path := range paths {
		docs = append(docs, readDocument(t, path))
	}
	return docs
}

func readDocument(t *testing.T, path string) document {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	d := document{path: path, text: string(content)}
	d.blocks = fenced(d)
	return d
}

const fence = "```"

func fenced(d document) []block {
	var out []block
	var open *block
	before, indent := "", ""
	for i, line := range strings.Split(d.text, "\n") {
		if at := strings.TrimLeft(line, " "); open == nil && strings.HasPrefix(at, fence) {
			indent = line[:len(line)-len(at)]
		}
		line = strings.TrimPrefix(line, indent) // of an item of a list
		switch {
		case open == nil && strings.HasPrefix(line, fence):
			open = &block{doc: d.path, line: i + 2, lang: strings.TrimPrefix(line, fence), before: before}
			before = ""
		case open == nil:
			if comment, ok := strings.CutPrefix(line, "<!-- before: "); ok {
				before = strings.TrimSuffix(comment, " -->")
			}
		case line == fence:
			out = append(out, *open)
			open, indent = nil, ""
		default:
			open.text += line + "\n"
		}
	}
	return out
}

// prose is the document without its fenced blocks; lines keep their numbers.
func (d document) prose() string {
	lines := strings.Split(d.text, "\n")
	inside := false
	for i, line := range lines {
		edge := strings.HasPrefix(strings.TrimLeft(line, " "), fence)
		if edge || inside {
			lines[i] = ""
		}
		inside = inside != edge
	}
	return strings.Join(lines, "\n")
}
