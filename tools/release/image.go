package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// nobody is the user and group in the image; no file knows its name.
const nobody = 65532

// image writes an OCI layout with one image for each Linux target, as a tar file.
func (r *release) image(context.Context) error {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	base, err := r.baseLayer()
	if err != nil {
		return err
	}
	for _, t := range r.targets {
		if t.os != "linux" {
			continue
		}
		img, err := r.imageOf(t, base)
		if err != nil {
			return fmt.Errorf("%s: %w", t, err)
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: img, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: t.os, Architecture: t.arch}}})
	}
	index = mutate.Annotations(index, r.labels()).(v1.ImageIndex)
	manifest, err := index.IndexManifest()
	if err != nil {
		return err
	}
	if len(manifest.Manifests) == 0 {
		return errors.New("an image needs a Linux target; leave it out with --only")
	}
	return r.writeLayout(index)
}

// labels are the same words as the Dockerfile's.
func (r *release) labels() map[string]string {
	labels := map[string]string{
		"org.opencontainers.image.title":         "Gavel",
		"org.opencontainers.image.description":   "Turns the meeting events of Cirrus Insight into actions",
		"org.opencontainers.image.licenses":      "Apache-2.0",
		"org.opencontainers.image.url":           homepage,
		"org.opencontainers.image.source":        homepage,
		"org.opencontainers.image.documentation": homepage + "/blob/main/docs/install.md",
		"org.opencontainers.image.version":       r.version.String(),
		"org.opencontainers.image.created":       r.date.Format(time.RFC3339),
	}
	if r.commit != "" {
		labels["org.opencontainers.image.revision"] = r.commit
	}
	return labels
}

// imageOf is the Dockerfile without a container engine: keep the two alike.
func (r *release) imageOf(t target, base v1.Layer) (v1.Image, error) {
	program, err := layerOf(r.date, inImage{name: "gavel", source: r.programs[t], mode: 0o755})
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	at := v1.Time{Time: r.date}
	img, err = mutate.Append(img,
		mutate.Addendum{Layer: base, History: v1.History{Created: at, CreatedBy: "certificates, folders"}},
		mutate.Addendum{Layer: program, History: v1.History{Created: at, CreatedBy: "gavel " + r.version.String()}})
	if err != nil {
		return nil, err
	}
	file, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	file = file.DeepCopy()
	file.OS, file.Architecture, file.Created = t.os, t.arch, at
	file.Config = v1.Config{
		User: fmt.Sprintf("%d:%d", nobody, nobody), WorkingDir: "/data",
		Env:        []string{"GAVEL_RULES=/rules"},
		Entrypoint: []string{"/gavel"}, Cmd: []string{"serve"},
		ExposedPorts: map[string]struct{}{"8080/tcp": {}},
		Volumes:      map[string]struct{}{"/data": {}},
		Labels:       r.labels(),
		Healthcheck:  &v1.HealthConfig{Test: []string{"CMD", "/gavel", "health"}, Interval: 30 * time.Second, Timeout: 15 * time.Second, StartPeriod: time.Minute},
	}
	if img, err = mutate.ConfigFile(img, file); err != nil {
		return nil, err
	}
	return mutate.Annotations(img, r.labels()).(v1.Image), nil
}

// inImage is a file or, without a source and text, a folder of the image.
type inImage struct {
	name, source string
	text         []byte
	mode, owner  int64
}

// baseLayer has what does not change with the program.
func (r *release) baseLayer() (v1.Layer, error) {
	return layerOf(r.date,
		inImage{name: "data/", mode: 0o755, owner: nobody},
		inImage{name: "etc/", mode: 0o755}, inImage{name: "etc/ssl/", mode: 0o755}, inImage{name: "etc/ssl/certs/", mode: 0o755},
		inImage{name: "etc/ssl/certs/ca-certificates.crt", text: certificates(), mode: 0o644},
		inImage{name: "rules/", mode: 0o755}, inImage{name: "tmp/", mode: 0o1777}, // for the demo
		inImage{name: "usr/", mode: 0o755}, inImage{name: "usr/share/", mode: 0o755}, inImage{name: "usr/share/doc/", mode: 0o755}, inImage{name: "usr/share/doc/gavel/", mode: 0o755},
		inImage{name: "usr/share/doc/gavel/LICENSE", source: filepath.Join(r.root, "LICENSE"), mode: 0o644},
		inImage{name: "usr/share/doc/gavel/NOTICES.txt", source: r.papers.notices, mode: 0o644})
}

// certificates returns Mozilla's CA certificates, of the version that go.sum
// pins, as PEM.
func certificates() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}))
	}
	return out.Bytes()
}

func layerOf(date time.Time, content ...inImage) (v1.Layer, error) {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, c := range content {
		data, err := c.text, error(nil)
		if c.source != "" {
			if data, err = os.ReadFile(c.source); err != nil {
				return nil, err
			}
		}
		head := &tar.Header{Typeflag: tar.TypeReg, Name: c.name, Size: int64(len(data)), Mode: c.mode, Uid: int(c.owner), Gid: int(c.owner), ModTime: date}
		if strings.HasSuffix(c.name, "/") {
			head.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(head); err != nil {
			return nil, err
		}
		if _, err := w.Write(data); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(out.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// writeLayout writes the index, and what is attached to it.
func (r *release) writeLayout(index v1.ImageIndex) error {
	dir := filepath.Join(r.work, "oci")
	to, err := layout.Write(dir, empty.Index)
	if err != nil {
		return err
	}
	names := map[string]string{tagOf: r.version.tag(), "io.containerd.image.name": "gavel:" + r.version.tag()}
	if err := to.AppendIndex(index, layout.WithAnnotations(names)); err != nil {
		return err
	}
	if err := r.attach(to, index); err != nil {
		return err
	}
	return packLayout(dir, filepath.Join(r.out, "gavel_"+r.version.String()+"_oci.tar"), r.date)
}

// packLayout packs a folder, in the order of its names.
func packLayout(dir, to string, date time.Time) error {
	var entries []entry
	err := filepath.WalkDir(dir, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, file)
		entries = append(entries, entry{filepath.ToSlash(name), file, 0o644})
		return err
	})
	if err != nil {
		return err
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return writeFile(to, func(out io.Writer) error {
		w := tar.NewWriter(out)
		for _, e := range entries {
			if err := addTar(w, e, date); err != nil {
				return err
			}
		}
		return w.Close()
	})
}
