package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/blakesmith/ar"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// program stands in for Gavel: it has a manual and completions.
const program = `#!/bin/sh
case "$1" in
completion) echo "# completion for $2" ;;
manual) echo '{"use":"gavel","short":"Rules","commands":[{"use":"serve","short":"Receive events","flags":[{"name":"rules","type":"strings","usage":"rules file","default":"rules.yaml"}]}]}' ;;
esac
`

// setup returns the arguments for a release of a small program, and a key.
func setup(t *testing.T) (args []string, key *ecdsa.PrivateKey) {
	t.Helper()
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	t.Setenv("COSIGN_KEY", "")
	dir := t.TempDir()
	file := filepath.Join(dir, "program")
	if err := os.WriteFile(file, []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyFile := filepath.Join(dir, "key.pem")
	if err := os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--program", file, "--key", keyFile, "--version", "v1.2.3", "--only", "archives,deb,rpm,apk,image"}, key
}

// released makes a release in a new folder.
func released(t *testing.T, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "dist")
	var log bytes.Buffer
	if err := run(t.Context(), append(args, "--out", out), &log); err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	return out
}

func read(t *testing.T, parts ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestTwoReleasesAreEqual(t *testing.T) {
	args, _ := setup(t)
	first, second := released(t, args...), released(t, args...)
	made := names(t, first)
	want := []string{
		"checksums.txt", "checksums.txt.sig", "cosign.pub",
		"gavel-1.2.3-1.aarch64.rpm", "gavel-1.2.3-1.x86_64.rpm",
		"gavel_1.2.3-1_amd64.deb", "gavel_1.2.3-1_arm64.deb",
		"gavel_1.2.3-r1_aarch64.apk", "gavel_1.2.3-r1_x86_64.apk", "gavel_1.2.3.intoto.json",
		"gavel_1.2.3_darwin_amd64.tar.gz", "gavel_1.2.3_darwin_arm64.tar.gz",
		"gavel_1.2.3_linux_amd64.tar.gz", "gavel_1.2.3_linux_arm64.tar.gz", "gavel_1.2.3_oci.tar",
		"gavel_1.2.3_windows_amd64.zip", "gavel_1.2.3_windows_arm64.zip",
	}
	if !slices.Equal(made, want) {
		t.Errorf("made %q\nwant %q", made, want)
	}
	for _, name := range made {
		if !bytes.Equal(read(t, first, name), read(t, second, name)) {
			t.Errorf("%s differs the second time", name)
		}
	}
	// An earlier release makes way; another folder does not.
	var log bytes.Buffer
	if err := run(t.Context(), append(args, "--out", first, "--only", "archives"), &log); err != nil || len(names(t, first)) != 10 {
		t.Errorf("again: %v, %q", err, names(t, first))
	}
	if err := os.WriteFile(filepath.Join(first, "thesis.doc"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), append(args, "--out", first), &log); err == nil || !strings.Contains(err.Error(), "thesis.doc") {
		t.Errorf("a folder with something else was emptied: %v", err)
	}
}

func TestSignatureAndProvenance(t *testing.T) {
	args, key := setup(t)
	out := released(t, append(args, "--targets", "linux/arm64")...)
	sums := read(t, out, "checksums.txt")
	signature, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(read(t, out, "checksums.txt.sig"))))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(sums)
	if !ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature) {
		t.Error("the signature is not one of the checksums")
	}
	block, _ := pem.Decode(read(t, out, "cosign.pub"))
	if public, err := x509.ParsePKIXPublicKey(block.Bytes); err != nil || !key.PublicKey.Equal(public) {
		t.Errorf("another public key: %v", err)
	}
	var statement struct {
		Type    string `json:"_type"`
		Subject []struct {
			Name   string
			Digest map[string]string
		}
	}
	if err := json.Unmarshal(read(t, out, "gavel_1.2.3.intoto.json"), &statement); err != nil {
		t.Fatal(err)
	}
	if len(statement.Subject) != 5 { // archive, three packages, image
		t.Errorf("the provenance is of %d files", len(statement.Subject))
	}
	for _, s := range statement.Subject {
		if !strings.Contains(string(sums), s.Digest["sha256"]+"  "+s.Name+"\n") {
			t.Errorf("provenance and checksums differ about %s", s.Name)
		}
	}
	// Without a key there is no signature, and the tool says so.
	var log bytes.Buffer
	dist := filepath.Join(t.TempDir(), "dist")
	if err := run(t.Context(), append(args, "--targets", "linux/arm64", "--only", "archives", "--key", "", "--out", dist), &log); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "not signed") || slices.Contains(names(t, dist), "checksums.txt.sig") {
		t.Errorf("unsigned: %q\n%s", names(t, dist), log.String())
	}
}

// contentOf lists a tar.gz member of a deb: name, mode, owner.
func contentOf(t *testing.T, deb, member string) map[string]*tar.Header {
	t.Helper()
	f, err := os.Open(deb)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]*tar.Header{}
	for r := ar.NewReader(f); ; {
		head, err := r.Next()
		if err != nil {
			t.Fatalf("%s: %v", member, err)
		}
		if head.Name != member {
			continue
		}
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		for files := tar.NewReader(z); ; {
			file, err := files.Next()
			if errors.Is(err, io.EOF) {
				return out
			}
			if err != nil {
				t.Fatal(err)
			}
			out[strings.TrimPrefix(file.Name, ".")] = file
		}
	}
}

func TestPackage(t *testing.T) {
	args, _ := setup(t)
	out := released(t, append(args, "--targets", "linux/amd64", "--only", "deb")...)
	files := contentOf(t, filepath.Join(out, "gavel_1.2.3-1_amd64.deb"), "data.tar.gz")
	for name, want := range map[string]struct {
		mode         int64
		owner, group string
	}{
		"/usr/bin/gavel":                               {0o755, "root", "root"},
		"/usr/lib/systemd/system/gavel.service":        {0o644, "root", "root"},
		"/usr/share/man/man1/gavel-serve.1.gz":         {0o644, "root", "root"},
		"/usr/share/zsh/vendor-completions/_gavel":     {0o644, "root", "root"},
		"/usr/share/bash-completion/completions/gavel": {0o644, "root", "root"},
		"/usr/share/doc/gavel/NOTICES.txt":             {0o644, "root", "root"},
		"/etc/gavel/environment":                       {0o640, "root", "gavel"},
		"/etc/gavel/rules/":                            {0o750, "root", "gavel"},
		"/var/lib/gavel/":                              {0o750, "gavel", "gavel"},
	} {
		got := files[name]
		if got == nil {
			t.Errorf("no %s", name)
			continue
		}
		if got.Mode&0o7777 != want.mode || got.Uname != want.owner || got.Gname != want.group {
			t.Errorf("%s: %o %s:%s, want %o %s:%s", name, got.Mode, got.Uname, got.Gname, want.mode, want.owner, want.group)
		}
		if got.ModTime.Unix() != 1700000000 {
			t.Errorf("%s is of %s", name, got.ModTime)
		}
	}
	control := contentOf(t, filepath.Join(out, "gavel_1.2.3-1_amd64.deb"), "control.tar.gz")
	for _, name := range []string{"conffiles", "postinst", "prerm", "postrm"} {
		if control[name] == nil && control["/"+name] == nil {
			t.Errorf("no %s in %v", name, control)
		}
	}
}

// TestRpmNeedsNoPackageOfOneMaker: useradd is in shadow-utils at Red Hat and in
// shadow at SUSE.
func TestRpmNeedsNoPackageOfOneMaker(t *testing.T) {
	args, _ := setup(t)
	out := released(t, append(args, "--only", "rpm", "--targets", "linux/amd64")...)
	file := read(t, out, "gavel-1.2.3-1.x86_64.rpm") // what it needs is not compressed
	if !bytes.Contains(file, []byte("/usr/sbin/useradd\x00")) || bytes.Contains(file, []byte("shadow-utils")) {
		t.Error("the package does not need /usr/sbin/useradd, whichever package it is in")
	}
}

// TestPush sends the image to a registry on this machine and reads it back.
func TestPush(t *testing.T) {
	args, _ := setup(t)
	out := released(t, append(args, "--only", "image")...)
	server := httptest.NewServer(registry.New(registry.WithReferrersSupport(true)))
	defer server.Close()
	image := strings.TrimPrefix(server.URL, "http://") + "/gavel:1.2.3"
	var log bytes.Buffer
	if err := run(t.Context(), []string{"push", "--image", image, "--also", "latest", filepath.Join(out, "gavel_1.2.3_oci.tar")}, &log); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"1.2.3", "latest"} {
		ref, err := name.ParseReference(strings.Replace(image, "1.2.3", tag, 1))
		if err != nil {
			t.Fatal(err)
		}
		index, err := remote.Index(ref)
		if err != nil {
			t.Fatal(err)
		}
		digest, err := index.Digest()
		if err != nil || !strings.Contains(log.String(), digest.String()) {
			t.Errorf("%s: %s, %v; the tool said %q", tag, digest, err, log.String())
		}
		list, err := index.IndexManifest()
		if err != nil || len(list.Manifests) != 2 {
			t.Fatalf("%v, %v", list, err)
		}
		img, err := index.Image(list.Manifests[1].Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := img.ConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		if !hasTmp(t, img) {
			t.Error("there is no /tmp that everybody may write to; the demo needs one")
		}
		if config.Architecture != "arm64" || config.Config.User != "65532:65532" || config.Config.Healthcheck == nil || config.Config.Labels["org.opencontainers.image.version"] != "1.2.3" {
			t.Errorf("config: %+v", config)
		}
	}
}

// hasTmp reports whether an image has a /tmp for everybody.
func hasTmp(t *testing.T, img v1.Image) bool {
	t.Helper()
	content := mutate.Extract(img)
	defer content.Close()
	for files := tar.NewReader(content); ; {
		file, err := files.Next()
		if errors.Is(err, io.EOF) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		if strings.Trim(file.Name, "/") == "tmp" {
			return file.Mode == 0o1777
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][4]string{ // program, deb and rpm, apk, image
		"v1.2.3":                   {"1.2.3", "1.2.3", "1.2.3", "1.2.3"},
		"1.2.3-rc.1":               {"1.2.3-rc.1", "1.2.3~rc.1", "1.2.3_rc1", "1.2.3-rc.1"},
		"v1.2.3-12-gabcdef0":       {"1.2.3+12.gabcdef0", "1.2.3+12.gabcdef0", "1.2.3_p12", "1.2.3-12.gabcdef0"},
		"v1.2.3-12-gabcdef0-dirty": {"1.2.3+12.gabcdef0.dirty", "1.2.3+12.gabcdef0.dirty", "1.2.3_p12", "1.2.3-12.gabcdef0.dirty"},
		"v1.2.3-dirty":             {"1.2.3+dirty", "1.2.3+dirty", "1.2.3", "1.2.3-dirty"},
		"abcdef0":                  {"0.0.0+0.gabcdef0", "0.0.0+0.gabcdef0", "0.0.0_p0", "0.0.0-0.gabcdef0"},
	} {
		v, err := parseVersion(text)
		got := [4]string{v.String(), v.debian(), v.alpine(), v.tag()}
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", text, got, want, err)
		}
	}
	for _, text := range []string{"", "dev", "1.2", "1.2.3-x y", "v1.2.3; rm"} {
		if v, err := parseVersion(text); err == nil {
			t.Errorf("%q is taken for %s", text, v)
		}
	}
}

func TestMistakes(t *testing.T) {
	args, _ := setup(t)
	check := func(want string, more ...string) {
		t.Helper()
		err := run(t.Context(), append(slices.Clone(args), more...), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", more, err, want)
		}
	}
	check(`"plan9/386" is not one of linux/amd64`, "--targets", "plan9/386")
	check(`"msi" is not one of archives`, "--only", "msi")
	check("has no ECDSA P-256 private key", "--key", "LICENSE")
	check("an image needs a Linux target", "--targets", "darwin/arm64", "--only", "image", "--out", filepath.Join(t.TempDir(), "dist"))
	check(`unexpected argument "now"`, "now")
}
