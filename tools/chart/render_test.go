package chart_test

import (
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/releaseutil"
	"sigs.k8s.io/yaml"
)

// object is one rendered object.
type object struct {
	apiVersion, kind, name string
	text                   string
	hook                   string
}

func (o object) String() string { return o.kind + " " + o.name }

func loadChart(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := loader.Load(chartDir)
	if err != nil {
		t.Fatalf("load the chart: %v", err)
	}
	return c
}

// valueSets are the value files of the tests by name.
func valueSets(t *testing.T) map[string]chartutil.Values {
	t.Helper()
	paths, err := filepath.Glob(chartDir + "/ci/*-values.yaml")
	if err != nil || len(paths) < 6 {
		t.Fatalf("too few value sets: %v %v", paths, err)
	}
	sets := map[string]chartutil.Values{}
	for _, path := range paths {
		values, err := chartutil.ReadValuesFile(path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		sets[strings.TrimSuffix(filepath.Base(path), "-values.yaml")] = values
	}
	return sets
}

func parseValues(t *testing.T, text string) chartutil.Values {
	t.Helper()
	values, err := chartutil.ReadValues([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return values
}

// render is "helm template" of the release gavel in the namespace events.
func render(t *testing.T, values chartutil.Values) (objects []object, notes string, err error) {
	t.Helper()
	c := loadChart(t)
	release := chartutil.ReleaseOptions{Name: "gavel", Namespace: "events", Revision: 1, IsInstall: true}
	capabilities := *chartutil.DefaultCapabilities
	capabilities.KubeVersion = chartutil.KubeVersion{Version: "v1.37.0", Major: "1", Minor: "37"}
	all, err := chartutil.ToRenderValues(c, values, release, &capabilities)
	if err != nil {
		return nil, "", err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return nil, "", err
	}
	for path, text := range files {
		if strings.HasSuffix(path, "NOTES.txt") {
			notes = text
			delete(files, path)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, "", err
	}
	for _, m := range manifests {
		objects = append(objects, object{apiVersion: m.Head.Version, kind: m.Head.Kind, name: m.Head.Metadata.Name, text: m.Content})
	}
	for _, h := range hooks {
		var head struct{ APIVersion string }
		if err := yaml.Unmarshal([]byte(h.Manifest), &head); err != nil {
			return nil, "", err
		}
		objects = append(objects, object{apiVersion: head.APIVersion, kind: h.Kind, name: h.Name, text: h.Manifest, hook: h.Events[0].String()})
	}
	return objects, notes, nil
}

func mustRender(t *testing.T, values chartutil.Values) []object {
	t.Helper()
	objects, _, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// find returns the only object of a kind.
func find(t *testing.T, objects []object, kind string) object {
	t.Helper()
	var found []object
	for _, o := range objects {
		if o.kind == kind {
			found = append(found, o)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d objects of kind %s, want 1", len(found), kind)
	}
	return found[0]
}
