package deploy

import (
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestTraefikIsConsistent checks the shape of the file only: Debian has no
// Traefik that could be run.
func TestTraefikIsConsistent(t *testing.T) {
	t.Parallel()
	var file struct {
		HTTP struct {
			Routers map[string]struct {
				Rule        string            `yaml:"rule"`
				EntryPoints []string          `yaml:"entryPoints"`
				Service     string            `yaml:"service"`
				Middlewares []string          `yaml:"middlewares"`
				TLS         map[string]string `yaml:"tls"`
			} `yaml:"routers"`
			Middlewares map[string]struct {
				Buffering struct {
					Max int `yaml:"maxRequestBodyBytes"`
				} `yaml:"buffering"`
			} `yaml:"middlewares"`
			Services map[string]struct {
				LoadBalancer struct {
					Servers        []map[string]string `yaml:"servers"`
					HealthCheck    map[string]any      `yaml:"healthCheck"`
					PassHostHeader bool                `yaml:"passHostHeader"`
				} `yaml:"loadBalancer"`
			} `yaml:"services"`
		} `yaml:"http"`
	}
	decoder := yaml.NewDecoder(strings.NewReader(configured(t, "traefik.yaml")))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	if len(file.HTTP.Routers) != 2 {
		t.Errorf("%d routers, want one for events and one for the console", len(file.HTTP.Routers))
	}
	for name, r := range file.HTTP.Routers {
		if len(file.HTTP.Services[r.Service].LoadBalancer.Servers) == 0 {
			t.Errorf("router %s leads to %q, which has no server", name, r.Service)
		}
		for _, m := range r.Middlewares {
			if _, ok := file.HTTP.Middlewares[m]; !ok {
				t.Errorf("router %s: there is no middleware %q", name, m)
			}
		}
		if !strings.HasPrefix(r.Rule, "Host(`") || strings.Count(r.Rule, "`")%2 != 0 || r.TLS == nil {
			t.Errorf("router %s has the rule %s and TLS %v", name, r.Rule, r.TLS)
		}
	}
}
