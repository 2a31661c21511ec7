package params_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gavel-rules/gavel/rules/language"
	"github.com/gavel-rules/gavel/rules/params"
	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/rules/units"
	"github.com/gavel-rules/gavel/rules/values"
)

// sampleParams has a field of each type that parameters can have.
type sampleParams struct {
	Channel string            `yaml:"channel" required:"true"`
	Level   string            `yaml:"level" enum:"low,high" default:"low"`
	Count   int               `yaml:"count" default:"3"`
	Small   int8              `yaml:"small"`
	Ratio   float64           `yaml:"ratio" default:"0.5"`
	Loud    bool              `yaml:"loud" default:"true"`
	Soft    *bool             `yaml:"soft"`
	Pause   units.Duration    `yaml:"pause" default:"5s"`
	Limit   units.Size        `yaml:"limit" default:"1KiB"`
	Any     any               `yaml:"any"`
	Names   []string          `yaml:"names"`
	Headers map[string]string `yaml:"headers"`
	Deep    *deepParams       `yaml:"deep"`
	List    []deepParams      `yaml:"list"`
	Unnamed string
	Hidden  string `yaml:"-"`
	inner   `yaml:",inline"`
}

type deepParams struct {
	Name string `yaml:"name" required:"true"`
	Size int    `yaml:"size"`
}

type inner struct {
	Zone string `yaml:"zone"`
}

// decoded fills the sample from a mapping. It returns the fields that are set,
// or what is said of it.
func decoded(written string, now bool) string {
	var out text.Collector
	doc := text.ParseDocument(text.Source{Name: "f", Content: []byte("v: " + written + "\n")}, &out)
	if doc == nil {
		return "REFUSED " + out.Findings.Error()
	}
	comp := language.NewCompiler(map[string]string{"PORT": "587", "NAME": "x"})
	d := &params.Decoder{
		Reader: values.Reader{Doc: doc, Out: &out, Comp: comp, Words: comp.ConstantVocabulary()},
		Beside: []string{"retry"}, Now: now,
	}
	var p sampleParams
	d.MappingOf(text.NodeAt(doc.Root, "v"), &p, "skipped")
	if said := out.Findings.Sorted(); len(said) > 0 {
		return "REFUSED " + strings.ReplaceAll(said.Error(), "\n", " | ")
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}

// TestDecoding: each line of testdata/decode.txtar is a mapping and what it
// fills a struct with, or what is said of it; in a connection ${{ }} is
// evaluated.
func TestDecoding(t *testing.T) {
	t.Parallel()
	archive, err := txtar.ParseFile("testdata/decode.txtar")
	if err != nil || len(archive.Files) != 2 {
		t.Fatal(err)
	}
	for _, f := range archive.Files {
		for line := range strings.Lines(string(f.Data)) {
			written, want, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ⇒ ")
			if got := decoded(written, f.Name == "connection"); !ok || got != want {
				t.Errorf("%s: %s\n\tis   %s\n\twant %s", f.Name, written, got, want)
			}
		}
	}
}
