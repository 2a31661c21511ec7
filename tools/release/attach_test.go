package main

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// TestSignatureOfImage finds the signature in a registry where cosign looks for
// it, and verifies it.
func TestSignatureOfImage(t *testing.T) {
	args, key := setup(t)
	out := released(t, append(args, "--only", "image")...)
	file := filepath.Join(out, "gavel_1.2.3_oci.tar")
	layout := t.TempDir()
	if err := unpack(file, layout); err != nil {
		t.Fatal(err)
	}
	var index v1.IndexManifest
	if err := json.Unmarshal(read(t, layout, "index.json"), &index); err != nil || len(index.Manifests) != 1 {
		t.Errorf("%v; the index lists %d, but podman loads a file only if it lists one", err, len(index.Manifests))
	}
	server := httptest.NewServer(registry.New())
	defer server.Close()
	image := strings.TrimPrefix(server.URL, "http://") + "/gavel"
	if err := run(t.Context(), []string{"push", "--image", image + ":1.2.3", file}, io.Discard); err != nil {
		t.Fatal(err)
	}
	digest := index.Manifests[0].Digest
	ref, err := name.ParseReference(image + ":sha256-" + digest.Hex + ".sig")
	if err != nil {
		t.Fatal(err)
	}
	signed, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := signed.Manifest()
	if err != nil || len(manifest.Layers) != 1 {
		t.Fatalf("%v, %+v", err, manifest)
	}
	layers, err := signed.Layers()
	if err != nil {
		t.Fatal(err)
	}
	content, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer content.Close()
	claim, err := io.ReadAll(content)
	if err != nil || !strings.Contains(string(claim), `"docker-manifest-digest":"`+digest.String()+`"`) {
		t.Errorf("%v: %s", err, claim)
	}
	signature, err := base64.StdEncoding.DecodeString(manifest.Layers[0].Annotations["dev.cosignproject.cosign/signature"])
	if sum := sha256.Sum256(claim); err != nil || !ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature) {
		t.Errorf("%v: the signature is not of what was signed", err)
	}
}
