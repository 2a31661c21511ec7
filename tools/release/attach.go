package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const (
	// attachedFile lists what belongs to the image. It is beside index.json and not
	// in it, because podman loads no file whose index lists more than the image.
	attachedFile = "attached.json"
	// tagOf is the annotation with the tag under which something is pushed.
	tagOf = "org.opencontainers.image.ref.name"

	billType      = types.MediaType("application/vnd.cyclonedx+json")
	signatureType = types.MediaType("application/vnd.dev.cosign.simplesigning.v1+json")
)

// attach adds the bill of materials and the signature of an image to a layout
// and lists them in attachedFile.
func (r *release) attach(to layout.Path, image v1.ImageIndex) error {
	var attached v1.ImageIndex = mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	subject, err := partial.Descriptor(image)
	if err != nil {
		return err
	}
	if r.wants("sbom") {
		bill, err := r.billOf(*subject)
		if err != nil {
			return err
		}
		attached = mutate.AppendManifests(attached, mutate.IndexAddendum{Add: bill})
	}
	if r.key != nil {
		signature, err := r.signatureOf(subject.Digest)
		if err != nil {
			return err
		}
		tag := strings.Replace(subject.Digest.String(), ":", "-", 1) + ".sig"
		attached = mutate.AppendManifests(attached, mutate.IndexAddendum{Add: signature, Descriptor: v1.Descriptor{Annotations: map[string]string{tagOf: tag}}})
	}
	list, err := attached.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range list.Manifests {
		img, err := attached.Image(d.Digest)
		if err != nil {
			return err
		}
		if err := to.WriteImage(img); err != nil {
			return err
		}
	}
	text, err := attached.RawManifest()
	if err != nil {
		return err
	}
	return to.WriteFile(attachedFile, text, 0o644)
}

// billOf is the bill of materials as an artifact with the image as its subject.
func (r *release) billOf(subject v1.Descriptor) (v1.Image, error) {
	text, err := os.ReadFile(r.billFile())
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), billType)
	if img, err = mutate.AppendLayers(img, static.NewLayer(text, billType)); err != nil {
		return nil, err
	}
	return mutate.Subject(img, subject).(v1.Image), nil
}

// signatureOf signs the digest of an image as "cosign sign" does.
func (r *release) signatureOf(digest v1.Hash) (v1.Image, error) {
	claim, err := json.Marshal(map[string]any{
		"critical": map[string]any{
			"identity": map[string]string{"docker-reference": ""}, // any registry
			"image":    map[string]string{"docker-manifest-digest": digest.String()},
			"type":     "cosign container image signature",
		},
		"optional": nil,
	})
	if err != nil {
		return nil, err
	}
	signature, err := r.key.sign(claim)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	return mutate.Append(img, mutate.Addendum{
		Layer:       static.NewLayer(claim, signatureType),
		Annotations: map[string]string{"dev.cosignproject.cosign/signature": signature},
	})
}

// listAttached adds what is attached to the index of an unpacked layout, where
// the library finds it.
func listAttached(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, attachedFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var list v1.IndexManifest
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("%s: %w", attachedFile, err)
	}
	to, err := layout.FromPath(dir)
	if err != nil {
		return err
	}
	for _, d := range list.Manifests {
		if err := to.AppendDescriptor(d); err != nil {
			return err
		}
	}
	return nil
}
