package chart_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// overlays are the Kustomize folders that are made from the chart, with the
// values that make each.
func overlays() map[string]string {
	common := `
rules: { existingConfigMap: gavel-rules }
secrets: { existingSecret: gavel }
ruleSecrets: { existingSecret: gavel-env }
`
	return map[string]string{
		"sqlite":   common,
		"postgres": common + "database: { kind: postgres, postgres: { existingSecret: gavel-database } }",
	}
}

// TestKustomizeFiles holds the Kustomize files to what the chart renders: what
// both databases share is the base.
func TestKustomizeFiles(t *testing.T) {
	t.Parallel()
	parts := map[string]map[string]string{} // folder → file → text
	for name, values := range overlays() {
		parts[name] = map[string]string{}
		for _, o := range mustRender(t, parseValues(t, values)) {
			if o.hook == "" {
				file := strings.ToLower(o.kind)
				if strings.HasSuffix(o.name, "-console") {
					file += "-console"
				}
				parts[name][file+".yaml"] = withoutHelm(t, o)
			}
		}
	}
	base := map[string]string{}
	for file, text := range parts["sqlite"] {
		if parts["postgres"][file] == text {
			base[file] = text
			delete(parts["sqlite"], file)
			delete(parts["postgres"], file)
		}
	}
	if len(base) < 3 || len(parts["sqlite"]) == 0 || len(parts["postgres"]) == 0 {
		t.Fatalf("too little is made: %v %v", base, parts)
	}
	keep(t, kustomize+"/base", base)
	for name, files := range parts {
		keep(t, kustomize+"/overlays/"+name, files)
	}
}

// withoutHelm is an object as one writes it oneself.
func withoutHelm(t *testing.T, o object) string {
	t.Helper()
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(o.text), &tree); err != nil {
		t.Fatal(err)
	}
	delete(tree["metadata"].(map[string]any), "namespace")
	var clean func(node any)
	clean = func(node any) {
		switch n := node.(type) {
		case map[string]any:
			delete(n, "helm.sh/chart")
			delete(n, "app.kubernetes.io/managed-by")
			delete(n, "app.kubernetes.io/version")
			for _, child := range n {
				clean(child)
			}
		case []any:
			for _, child := range n {
				clean(child)
			}
		}
	}
	clean(tree)
	text, err := yaml.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	return "# Made from deploy/chart by \"make chart\".\n" + string(text)
}

// keep holds a folder to these files, beside its kustomization.yaml.
func keep(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		made(t, filepath.Join(dir, name), []byte(text))
	}
	present, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var listed struct{ Resources []string }
	if err := yaml.Unmarshal(read(t, filepath.Join(dir, "kustomization.yaml")), &listed); err != nil {
		t.Fatal(err)
	}
	for _, entry := range present {
		name := entry.Name()
		if name == "kustomization.yaml" {
			continue
		}
		if _, ok := files[name]; !ok {
			t.Errorf("%s/%s is not made from the chart any more", dir, name)
		}
		if !slices.Contains(listed.Resources, name) {
			t.Errorf("%s/kustomization.yaml does not list %s", dir, name)
		}
	}
}

// TestKustomizeBuilds builds every folder with Kustomize and validates what
// comes out.
func TestKustomizeBuilds(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"base", "overlays/sqlite", "overlays/postgres", "example"} {
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(kustomize, folder))
		if err != nil {
			t.Errorf("%s: %v", folder, err)
			continue
		}
		var objects []object
		for _, r := range built.Resources() {
			text, err := r.AsYAML()
			if err != nil {
				t.Fatal(err)
			}
			o := object{apiVersion: r.GetApiVersion(), kind: r.GetKind(), name: r.GetName(), text: string(text)}
			if r.GetNamespace() == "" { // which kubectl fills in
				o.text = strings.Replace(o.text, "\nmetadata:\n", "\nmetadata:\n  namespace: events\n", 1)
			}
			objects = append(objects, o)
			for _, problem := range problems(o) {
				t.Errorf("%s: %s: %v\n%s", folder, o, problem, o.text)
			}
		}
		if folder == "base" {
			continue
		}
		checkPod(t, folder, podOf(t, objects))
		if folder == "example" {
			p := start(t, contained(t, objects, podOf(t, objects).Spec, imageEnvironment(t)))
			p.checkConsole(t)
		}
	}
}
