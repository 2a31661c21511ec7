package chart_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// someRules, someToken and so on stand for what others made beforehand.
const (
	someRules  = "rules:\n  - name: idle\n    event: developer.webhook.test\n    actions: [{ log: { message: tested } }]\n"
	someSecret = "a-signing-secret"
	someToken  = "0123456789abcdef0123456789abcdef"
)

// container is a container of the release as this machine can run it: mounts
// are folders of the test.
type container struct {
	args, env []string
	places    []string // pairs for strings.NewReplacer
}

// TestProgramTakesIt starts the real program with the arguments, environment and
// files of each rendered pod, and sends it the event of "helm test".
func TestProgramTakesIt(t *testing.T) {
	t.Parallel()
	for name, values := range valueSets(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, notes, err := render(t, values)
			if err != nil {
				t.Fatal(err)
			}
			pod := podOf(t, objects)
			c := contained(t, objects, pod.Spec, imageEnvironment(t))
			p := start(t, c)
			p.checkConsole(t)
			checkNotes(t, notes, c)
			for _, o := range objects {
				if o.kind != "Pod" {
					continue
				}
				var test corev1.Pod
				if err := yaml.Unmarshal([]byte(o.text), &test); err != nil {
					t.Fatal(err)
				}
				p.send(t, contained(t, objects, test.Spec, nil))
			}
		})
	}
}

// checkNotes runs the commands that the notes of the release name.
func checkNotes(t *testing.T, notes string, c container) {
	t.Helper()
	commands := regexp.MustCompile(`(?m) -- /gavel (.+)$`).FindAllStringSubmatch(notes, -1)
	if len(commands) < 3 {
		t.Errorf("the notes name %d commands", len(commands))
	}
	for _, command := range commands {
		args := strings.Fields(strings.NewReplacer(c.places...).Replace(command[1]))
		cmd := exec.CommandContext(t.Context(), gavel, args...)
		cmd.Env = c.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("gavel %v: %v\n%s", args, err, out)
		}
	}
}

// contained maps the first container of a pod to folders of the test.
func contained(t *testing.T, objects []object, pod corev1.PodSpec, env []string) container {
	t.Helper()
	c := container{env: append([]string{"GAVEL_START_TIMEOUT=5s"}, env...)}
	dir := t.TempDir()
	for _, m := range pod.Containers[0].VolumeMounts {
		place := filepath.Join(dir, m.Name)
		for _, v := range pod.Volumes {
			if v.Name == m.Name {
				fill(t, objects, v, place)
			}
		}
		if err := os.MkdirAll(place, 0o755); err != nil {
			t.Fatal(err)
		}
		if m.MountPath != "/tmp" {
			c.places = append(c.places, m.MountPath, place)
		}
	}
	places := strings.NewReplacer(c.places...)
	for _, arg := range pod.Containers[0].Args {
		c.args = append(c.args, places.Replace(arg))
	}
	for _, e := range pod.Containers[0].Env {
		value := places.Replace(e.Value)
		if e.ValueFrom != nil { // the database URL; flags and files are what is tried here
			value = "sqlite:" + filepath.Join(dir, "gavel.db")
		}
		if !strings.HasPrefix(e.Name, "OTEL_") {
			c.env = append(c.env, e.Name+"="+value)
		}
	}
	return c
}

// fill writes the files of a volume: those of the release, or stand-ins.
func fill(t *testing.T, objects []object, v corev1.Volume, place string) {
	t.Helper()
	switch {
	case v.ConfigMap != nil:
		data := dataOf(t, objects, "ConfigMap", v.ConfigMap.Name)
		if data == nil {
			data = map[string]string{"rules.yaml": someRules}
		}
		for name, text := range data {
			write(t, filepath.Join(place, name), text)
		}
	case v.Name == "tls":
		certificate(t, place)
	case v.Secret != nil:
		data := dataOf(t, objects, "Secret", v.Secret.SecretName)
		for _, item := range v.Secret.Items {
			value, ok := data[item.Key]
			if data != nil && !ok {
				t.Errorf("Secret %s has no %s", v.Secret.SecretName, item.Key)
			}
			if data == nil {
				value = map[string]string{"signing-secret": someSecret, "console-token": someToken, "encryption-keys": strings.Repeat("ab", 32)}[item.Path]
			}
			write(t, filepath.Join(place, item.Path), value)
		}
		if v.Secret.Items == nil && data == nil {
			data = map[string]string{"SLACK_BOT_TOKEN": "xoxb-none"}
		}
		if v.Secret.Items == nil {
			for name, text := range data {
				write(t, filepath.Join(place, name), text)
			}
		}
	}
}

// dataOf are the texts of a ConfigMap or Secret of the release; nil if others
// make it.
func dataOf(t *testing.T, objects []object, kind, name string) map[string]string {
	t.Helper()
	for _, o := range objects {
		if o.kind != kind || o.name != name {
			continue
		}
		var data struct{ Data, StringData map[string]string }
		if err := yaml.Unmarshal([]byte(o.text), &data); err != nil {
			t.Fatal(err)
		}
		if kind == "Secret" {
			return data.StringData
		}
		return data.Data
	}
	return nil
}

// imageEnvironment is what the image sets by itself, whichever way it is built.
func imageEnvironment(t *testing.T) []string {
	t.Helper()
	var env []string
	for _, m := range regexp.MustCompile(`(?m)^ENV (.+)$`).FindAllStringSubmatch(string(read(t, root+"/Dockerfile")), -1) {
		env = append(env, strings.Fields(m[1])...)
	}
	var released []string
	if m := regexp.MustCompile(`\bEnv: +\[\]string{(.*)},`).FindSubmatch(read(t, root+"/tools/release/image.go")); m != nil {
		for value := range strings.SplitSeq(string(m[1]), ", ") {
			released = append(released, strings.Trim(value, `"`))
		}
	}
	if len(env) == 0 || !slices.Equal(env, released) {
		t.Errorf("the Dockerfile sets %v, tools/release %v", env, released)
	}
	return env
}

// process is a running program.
type process struct {
	events, console string // host:port
	token           string
	log             *bytes.Buffer // to be read once it has ended
}

func start(t *testing.T, c container) *process {
	t.Helper()
	p := &process{events: freeAddress(t), console: freeAddress(t), log: &bytes.Buffer{}}
	token, open := "", false
	for _, setting := range append(slices.Clone(c.env), c.args...) {
		name, value, _ := strings.Cut(setting, "=")
		switch name {
		case "--console-token-file", "GAVEL_CONSOLE_TOKEN_FILE":
			token = value
		case "--console", "GAVEL_CONSOLE":
			open = value == ":8081"
		}
	}
	if token == "" || !open {
		t.Fatalf("the console has no token, or is not on port 8081 of all addresses: %v %v", c.args, c.env)
	}
	p.token = strings.TrimSpace(string(read(t, token)))
	c.args = append(c.args, "--listen="+p.events, "--console="+p.console) // the last one counts
	cmd := exec.Command(gavel, c.args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = c.env, p.log, p.log
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); _ = cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // a stop takes as long as shutdown.delaySeconds
		<-ended
		if strings.Contains(p.log.String(), "sets nothing") {
			t.Error("the environment has a variable that Gavel does not know")
		}
		if t.Failed() {
			t.Logf("gavel %s\n%s\n%s", strings.Join(c.args, " "), strings.Join(c.env, "\n"), p.log)
		}
	})
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for p.status("/-/ready", "") != http.StatusOK {
		select {
		case <-ended:
			t.Fatal("gavel has ended")
		case <-t.Context().Done():
			t.Fatal("gavel does not get ready")
		case <-tick.C:
		}
	}
	return p
}

func (p *process) status(path, token string) int {
	request, err := http.NewRequest(http.MethodGet, "http://"+p.console+path, nil)
	if err != nil {
		return 0
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// checkConsole asks for what probes and Prometheus ask for.
func (p *process) checkConsole(t *testing.T) {
	t.Helper()
	if got := p.status("/-/healthy", ""); got != http.StatusOK {
		t.Errorf("/-/healthy is answered %d", got)
	}
	if got := p.status("/metrics", p.token); got != http.StatusOK {
		t.Errorf("/metrics is answered %d", got)
	}
	if got := p.status("/metrics", ""); got != http.StatusUnauthorized {
		t.Errorf("/metrics without a token is answered %d", got)
	}
}

// send runs the pod of "helm test" against the process.
func (p *process) send(t *testing.T, c container) {
	t.Helper()
	for i, arg := range c.args {
		if strings.HasPrefix(arg, "--url=") {
			path := arg[strings.Index(arg, "/webhooks"):]
			c.args[i] = "--url=http://" + p.events + path
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, gavel, c.args...).CombinedOutput(); err != nil {
		t.Errorf("gavel %v: %v\n%s", c.args, err, out)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
