package chart_test

import (
	"bytes"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// TestValueSets lints and renders the chart with each value set, and validates
// every object as the API server does.
func TestValueSets(t *testing.T) {
	t.Parallel()
	for name, values := range valueSets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkLint(t, values)
			objects := mustRender(t, values)
			names := map[string]bool{}
			for _, o := range objects {
				for _, problem := range problems(o) {
					t.Errorf("%s: %v\n%s", o, problem, o.text)
				}
				if names[o.String()] {
					t.Errorf("%s is there twice", o)
				}
				names[o.String()] = true
			}
			checkPod(t, name, podOf(t, objects))
			checkReferences(t, objects, podOf(t, objects))
		})
	}
}

func checkLint(t *testing.T, values chartutil.Values) {
	t.Helper()
	version := chartutil.KubeVersion{Version: "v1.37.0", Major: "1", Minor: "37"}
	linter := lint.AllWithKubeVersion(chartDir, values, "events", &version)
	for _, m := range linter.Messages {
		if m.Severity >= support.WarningSev {
			t.Errorf("helm lint: %v", m)
		}
	}
}

// checkReferences finds names that the pod asks for and the chart was to make.
func checkReferences(t *testing.T, objects []object, pod corev1.PodTemplateSpec) {
	t.Helper()
	made := map[string]bool{}
	for _, o := range objects {
		made[o.String()] = true
	}
	if account := pod.Spec.ServiceAccountName; account != "default" && !made["ServiceAccount "+account] {
		t.Errorf("the pod runs as %q, which is not made", account)
	}
	for _, v := range pod.Spec.Volumes {
		name := ""
		switch {
		case v.Secret != nil:
			name = "Secret " + v.Secret.SecretName
		case v.ConfigMap != nil:
			name = "ConfigMap " + v.ConfigMap.Name
		}
		// Names of objects made by others do not begin as those of the release do.
		if strings.HasSuffix(name, " gavel") && !made[name] {
			t.Errorf("the volume %s takes %s, which is not made", v.Name, name)
		}
	}
}

// TestLongNames renders the chart for a release with the longest name.
func TestLongNames(t *testing.T) {
	t.Parallel()
	values := valueSets(t)["production"]
	values["fullnameOverride"] = strings.Repeat("n", 80)
	values["nameOverride"] = strings.Repeat("m", 80)
	for _, o := range mustRender(t, values) {
		for _, problem := range problems(o) {
			t.Errorf("%s: %v", o, problem)
		}
	}
}

// TestVersions holds the versions in deploy/ to the newest one of the changelog.
func TestVersions(t *testing.T) {
	t.Parallel()
	newest := regexp.MustCompile(`(?m)^## \[(\d[^\]]*)\]`).FindSubmatch(read(t, root+"/CHANGELOG.md"))
	if newest == nil {
		t.Fatal("the changelog has no version")
	}
	for path, line := range map[string]string{
		chartDir + "/Chart.yaml":                  "\nversion: " + string(newest[1]) + "\nappVersion: " + string(newest[1]),
		kustomize + "/example/kustomization.yaml": "newTag: " + string(newest[1]),
	} {
		if !strings.Contains(string(read(t, path)), line+"\n") {
			t.Errorf("%s does not say %q, the newest version in the changelog", path, line)
		}
	}
}

// TestAlertsArrive holds the PrometheusRule to Prometheus's own check.
func TestAlertsArrive(t *testing.T) {
	t.Parallel()
	values := valueSets(t)["production"]
	values["nameOverride"] = "hooks"
	rule := find(t, mustRender(t, values), "PrometheusRule")
	_, groups, found := strings.Cut(rule.text, "\nspec:\n")
	if !found || !strings.Contains(groups, `up{job="hooks"}`) {
		t.Fatalf("the alerts do not name the job:\n%s", rule.text)
	}
	path := filepath.Join(t.TempDir(), "alerts.yaml")
	write(t, path, groups)
	promtool(t, "check", "rules", path)
	dashboard := ""
	for _, o := range mustRender(t, valueSets(t)["production"]) {
		if o.name == "gavel-dashboard" {
			dashboard = o.text
		}
	}
	first, _, _ := bytes.Cut(read(t, root+"/docs/grafana.json"), []byte("\n"))
	if !strings.Contains(dashboard, "gavel.json: |\n    "+string(first)) {
		t.Errorf("the dashboard is not in its ConfigMap:\n%.300s", dashboard)
	}
}
