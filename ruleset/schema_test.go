package ruleset_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/gavel-rules/gavel/rules/text"
	"github.com/gavel-rules/gavel/ruleset"
)

var updateSchema = flag.Bool("update", false, "write docs/rules.schema.json")

const schemaFile = "../docs/rules.schema.json"

// TestSchemaFile keeps the file that editors read equal to what the program
// prints.
func TestSchemaFile(t *testing.T) {
	t.Parallel()
	got, err := ruleset.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *updateSchema {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of date; write it with go test ./ruleset -run TestSchemaFile -update (-file +program):\n%s", schemaFile, diff)
	}
}

func TestSchemaTakesGoodFiles(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	files, err := filepath.Glob("testdata/schema/good/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no good files: %v", err)
	}
	for _, name := range append(files, "../rules.example.yaml") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(yamlValue(t, raw)); err != nil {
				t.Errorf("the schema refuses it: %v", err)
			}
			if findings := load(t, raw); findings.HasErrors() {
				t.Errorf("the program refuses it: %v", findings)
			}
		})
	}
}

// TestSchemaRefusesBadFiles uses files that hold several documents, each with
// one mistake; the program must refuse each as well.
func TestSchemaRefusesBadFiles(t *testing.T) {
	t.Parallel()
	schema := compiledSchema(t)
	raw, err := os.ReadFile("testdata/schema/bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for doc := range strings.SplitSeq(string(raw), "---\n") {
		title, _, _ := strings.Cut(strings.TrimPrefix(doc, "# "), "\n")
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			if err := schema.Validate(yamlValue(t, []byte(doc))); err == nil {
				t.Errorf("the schema lets it pass:\n%s", doc)
			}
			if findings := load(t, []byte(doc)); !findings.HasErrors() {
				t.Errorf("the program lets it pass:\n%s", doc)
			}
		})
	}
}

func load(t *testing.T, raw []byte) text.Findings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	_, findings := ruleset.Load(ruleset.Options{Paths: []string{path}, Environ: []string{
		"SLACK_BOT_TOKEN=xoxb-0", "SLACK_API_URL=https://slack.example/", "SMTP_HOST=smtp.acme.example", "SMTP_PORT=587",
		"SMTP_TLS=starttls", "SMTP_USER=me", "SMTP_PASSWORD=pass", "CRM_URL=https://crm.example", "CRM_SECRET=hush",
	}})
	return findings
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	raw, err := ruleset.Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rules.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("rules.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// yamlValue is a file as an editor checks it against a schema.
func yamlValue(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
