package chart_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	_ "sigs.k8s.io/gateway-api/pkg/consts" // keeps the module, which has the schemas
	"sigs.k8s.io/yaml"
)

// routeProblems holds an HTTPRoute to the schema of its custom resource.
func routeProblems(o object) []error {
	schema, err := routeSchema()
	if err != nil {
		return []error{err}
	}
	asJSON, err := yaml.YAMLToJSONStrict([]byte(o.text))
	if err != nil {
		return []error{err}
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return []error{err}
	}
	if err := schema.Validate(value); err != nil {
		return []error{err}
	}
	return nil
}

var routeSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		return nil, fmt.Errorf("find the Gateway API: %w", err)
	}
	content, err := os.ReadFile(string(bytes.TrimSpace(dir)) + "/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml")
	if err != nil {
		return nil, err
	}
	var definition struct {
		Spec struct {
			Versions []struct {
				Name   string         `json:"name"`
				Schema map[string]any `json:"schema"`
			} `json:"versions"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal(content, &definition); err != nil {
		return nil, err
	}
	for _, v := range definition.Spec.Versions {
		if v.Name != "v1" {
			continue
		}
		schema := v.Schema["openAPIV3Schema"].(map[string]any)
		schema["properties"].(map[string]any)["metadata"].(map[string]any)["x-kubernetes-preserve-unknown-fields"] = true
		closed(schema)
		compiler := jsonschema.NewCompiler()
		if err := compiler.AddResource("route.json", schema); err != nil {
			return nil, err
		}
		return compiler.Compile("route.json")
	}
	return nil, fmt.Errorf("HTTPRoute has no version v1")
})

// closed makes a schema refuse fields that it does not list, as a strict API
// server does.
func closed(node any) {
	switch n := node.(type) {
	case map[string]any:
		_, listed := n["properties"]
		if listed && n["type"] == "object" && n["x-kubernetes-preserve-unknown-fields"] != true {
			n["additionalProperties"] = false
		}
		for _, child := range n {
			closed(child)
		}
	case []any:
		for _, child := range n {
			closed(child)
		}
	}
}
