package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	checksumFile  = "checksums.txt"
	publicKeyFile = "cosign.pub"
)

// key signs as "cosign sign-blob" does.
type key struct{ *ecdsa.PrivateKey }

func readKey(file string) (*key, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.Contains(block.Type, "ENCRYPTED") {
			return nil, fmt.Errorf("%s is encrypted; give it unencrypted, from a store of secrets", file)
		}
		parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			if parsed, err = x509.ParseECPrivateKey(block.Bytes); err != nil {
				continue
			}
		}
		if k, ok := parsed.(*ecdsa.PrivateKey); ok && k.Curve == elliptic.P256() {
			return &key{k}, nil
		}
	}
	return nil, fmt.Errorf("%s has no ECDSA P-256 private key (PEM); make one with: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", file)
}

// sign returns the signature of a text in base64. The same text has the same
// signature (RFC 6979).
func (k *key) sign(text []byte) (string, error) {
	sum := sha256.Sum256(text)
	signature, err := k.Sign(nil, sum[:], crypto.SHA256)
	return base64.StdEncoding.EncodeToString(signature), err
}

func (k *key) public() ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Public())
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

// digest is the SHA-256 of one file.
type digest struct{ name, sum string }

// digests returns those of everything delivered so far, by name.
func (r *release) digests() ([]digest, error) {
	entries, err := os.ReadDir(r.out)
	if err != nil {
		return nil, err
	}
	var out []digest
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(r.out, e.Name()))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		out = append(out, digest{e.Name(), hex.EncodeToString(sum[:])})
	}
	if len(out) == 0 {
		return nil, errors.New("nothing was made")
	}
	return out, nil
}

// seal says where everything came from, and signs it.
func (r *release) seal(ctx context.Context) error {
	made, err := r.digests()
	if err != nil {
		return err
	}
	if err := r.provenance(ctx, made); err != nil {
		return err
	}
	if made, err = r.digests(); err != nil { // with the provenance
		return err
	}
	var sums strings.Builder
	for _, d := range made {
		fmt.Fprintf(&sums, "%s  %s\n", d.sum, d.name)
	}
	file := filepath.Join(r.out, checksumFile)
	if err := os.WriteFile(file, []byte(sums.String()), 0o644); err != nil {
		return err
	}
	if r.key == nil {
		fmt.Fprintln(r.log, "not signed: no key in --key or COSIGN_KEY")
		return nil
	}
	signature, err := r.key.sign([]byte(sums.String()))
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".sig", []byte(signature+"\n"), 0o644); err != nil {
		return err
	}
	public, err := r.key.public()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, publicKeyFile), public, 0o644)
}

// provenance writes an in-toto statement: which files were made of which
// commit, and how (SLSA provenance 1).
func (r *release) provenance(ctx context.Context, made []digest) error {
	toolchain, err := r.output(ctx, "go", "env", "GOVERSION")
	if err != nil {
		return err
	}
	var subjects []any
	for _, d := range made {
		subjects = append(subjects, map[string]any{"name": d.name, "digest": map[string]string{"sha256": d.sum}})
	}
	var targets []string
	for _, t := range r.targets {
		targets = append(targets, t.os+"/"+t.arch)
	}
	source := map[string]any{"uri": "git+" + homepage}
	if r.commit != "" {
		source["digest"] = map[string]string{"gitCommit": r.commit}
	}
	statement := map[string]any{
		"_type":         "https://in-toto.io/Statement/v1",
		"subject":       subjects,
		"predicateType": "https://slsa.dev/provenance/v1",
		"predicate": map[string]any{
			"buildDefinition": map[string]any{
				"buildType":            homepage + "/tree/main/tools/release",
				"externalParameters":   map[string]any{"version": r.version.String(), "targets": targets, "parts": r.only},
				"internalParameters":   map[string]any{"go": toolchain, "sourceDateEpoch": r.date.Unix(), "draft": r.draft, "host": runtime.GOOS + "/" + runtime.GOARCH},
				"resolvedDependencies": []any{source},
			},
			"runDetails": map[string]any{"builder": map[string]any{"id": builder()}},
		},
	}
	text, err := json.MarshalIndent(statement, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, "gavel_"+r.version.String()+".intoto.json"), append(text, '\n'), 0o644)
}

// builder names who built: the workflow, or a person's own machine.
func builder() string {
	if workflow := os.Getenv("GITHUB_WORKFLOW_REF"); workflow != "" {
		return "https://github.com/" + workflow
	}
	return homepage + "/blob/main/docs/install.md#build-it-yourself"
}
