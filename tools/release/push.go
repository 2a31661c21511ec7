package main

import (
	"archive/tar"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// push sends an image that was made before to a registry, with what refers to it.
func push(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("release push", flag.ContinueOnError)
	image := flags.String("image", "", "where to: registry, name and tag, such as registry.acme.example/gavel:1.2.3")
	also := flags.String("also", "", "further tags, comma-separated, such as latest")
	plain := flags.Bool("insecure", false, "use plain HTTP")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 || *image == "" {
		return errors.New("use: release push --image REGISTRY/NAME:TAG dist/gavel_VERSION_oci.tar")
	}
	var options []name.Option
	if *plain {
		options = append(options, name.Insecure)
	}
	to, err := name.NewTag(*image, append(options, name.StrictValidation)...)
	if err != nil {
		return fmt.Errorf("--image: %w", err)
	}
	root, err := rootOf("")
	if err != nil {
		return err
	}
	file := inTree(root, flags.Arg(0))
	dir, err := os.MkdirTemp("", "gavel-push.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(unpack(file, dir), listAttached(dir)); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	sent := &sending{to: to, with: []remote.Option{remote.WithContext(ctx), credentials()}}
	if err := sent.layout(dir); err != nil {
		return err
	}
	for tag := range strings.SplitSeq(*also, ",") {
		if tag == "" {
			continue
		}
		if err := remote.Tag(to.Tag(tag), sent.index, sent.with...); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s@%s\n", to.Context(), sent.digest)
	return nil
}

// credentials are those of the environment, or else those of docker login.
func credentials() remote.Option {
	if user := os.Getenv("REGISTRY_USER"); user != "" {
		return remote.WithAuth(&authn.Basic{Username: user, Password: os.Getenv("REGISTRY_PASSWORD")})
	}
	return remote.WithAuthFromKeychain(authn.DefaultKeychain)
}

// sending is an image on its way to a registry.
type sending struct {
	to     name.Tag
	with   []remote.Option
	index  v1.ImageIndex
	digest v1.Hash
}

func (s *sending) layout(dir string) error {
	all, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return err
	}
	list, err := all.IndexManifest()
	if err != nil {
		return err
	}
	for _, d := range list.Manifests {
		if d.MediaType.IsIndex() {
			if s.index, err = all.ImageIndex(d.Digest); err == nil {
				s.digest, err = d.Digest, remote.WriteIndex(s.to, s.index, s.with...)
			}
		} else {
			var img v1.Image
			if img, err = all.Image(d.Digest); err == nil {
				err = remote.Write(s.place(d), img, s.with...)
			}
		}
		if err != nil {
			return err
		}
	}
	if s.index == nil {
		return errors.New("there is no image in it")
	}
	return nil
}

// place is where something that is attached to the image is found: by its tag or
// else, as what refers to the image, by its digest.
func (s *sending) place(d v1.Descriptor) name.Reference {
	if tag := d.Annotations[tagOf]; tag != "" {
		return s.to.Context().Tag(tag)
	}
	return s.to.Context().Digest(d.Digest.String())
}

// unpack unpacks what packLayout packed.
func unpack(file, dir string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	for r := tar.NewReader(f); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if head.Typeflag != tar.TypeReg || !filepath.IsLocal(head.Name) {
			return fmt.Errorf("%q does not belong in an image", head.Name)
		}
		to := filepath.Join(dir, filepath.FromSlash(head.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := writeFile(to, func(w io.Writer) error { _, err := io.Copy(w, r); return err }); err != nil {
			return err
		}
	}
}
