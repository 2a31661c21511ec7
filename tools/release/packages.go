package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/goreleaser/nfpm/v2"
	"github.com/goreleaser/nfpm/v2/apk"
	"github.com/goreleaser/nfpm/v2/deb"
	"github.com/goreleaser/nfpm/v2/files"
	"github.com/goreleaser/nfpm/v2/rpm"
)

// format is one kind of package.
type format struct {
	name    string
	packer  nfpm.Packager
	version func(version) string
}

func formats() []format {
	return []format{
		{"deb", deb.Default, version.debian},
		{"rpm", rpm.DefaultRPM, version.debian},
		{"apk", apk.Default, version.alpine},
	}
}

// packages makes a package of each format for every Linux target.
func (r *release) packages(context.Context) error {
	for _, t := range r.targets {
		if t.os != "linux" {
			continue
		}
		for _, f := range formats() {
			if !r.wants(f.name) {
				continue
			}
			if err := r.pack(t, f); err != nil {
				return fmt.Errorf("%s for %s: %w", f.name, t, err)
			}
		}
	}
	return nil
}

func (r *release) pack(t target, f format) error {
	info, err := r.info(t, f)
	if err != nil {
		return err
	}
	name := filepath.Join(r.out, f.packer.ConventionalFileName(info))
	return writeFile(name, func(out io.Writer) error { return f.packer.Package(info, out) })
}

func (r *release) info(t target, f format) (*nfpm.Info, error) {
	contents, err := r.contents(t, f)
	if err != nil {
		return nil, err
	}
	scripts, alpine, err := r.scripts(f)
	if err != nil {
		return nil, err
	}
	info := nfpm.WithDefaults(&nfpm.Info{
		Name: "gavel", Arch: t.arch, Platform: t.os, Section: "net", Priority: "optional",
		Version: f.version(r.version), VersionSchema: "none", Release: "1",
		Maintainer: "The Gavel authors <gavel@gavel-rules.example>", Vendor: "Gavel", Homepage: homepage, License: "Apache-2.0",
		Description: "Rules for meeting events\nGavel turns the meeting events of Cirrus Insight into Slack messages, HTTP\ncalls and emails, as rules in YAML say. They can be edited while it runs.",
		MTime:       r.date, DisableGlobbing: true,
		Overridables: nfpm.Overridables{
			Contents: contents, Umask: 0o022, Scripts: scripts,
			RPM: nfpm.RPM{BuildHost: "gavel", Group: "Applications/Internet", Summary: "Rules for meeting events"},
			APK: alpine,
		},
	})
	if r.draft {
		info.Deb.Compression = "none"
	}
	switch f.name {
	case "deb":
		info.Depends, info.Recommends = []string{"passwd", "procps"}, []string{"ca-certificates"}
	case "rpm":
		info.Depends, info.Recommends = []string{"/usr/sbin/useradd"}, []string{"ca-certificates"} // its package has another name at SUSE
	case "apk":
		info.Depends = []string{"ca-certificates-bundle"}
	}
	return info, nil
}

// scripts returns the files of tools/release/packaging that a package runs. They
// are copied, since packages of Alpine have their dates in them.
func (r *release) scripts(f format) (nfpm.Scripts, nfpm.APK, error) {
	dir := filepath.Join(r.work, "scripts", f.name)
	err := os.MkdirAll(dir, 0o755)
	in := func(name string) string {
		to := filepath.Join(dir, name)
		text, failed := os.ReadFile(filepath.Join(r.root, "tools/release/packaging", f.name, name))
		if failed == nil {
			failed = errors.Join(os.WriteFile(to, text, 0o755), os.Chtimes(to, r.date, r.date))
		}
		err = errors.Join(err, failed)
		return to
	}
	var alpine nfpm.APK
	s := nfpm.Scripts{PostInstall: in("postinst"), PreRemove: in("prerm")}
	switch f.name {
	case "deb":
		s.PostRemove = in("postrm")
	case "rpm":
		s.PreInstall, s.PostRemove = in("preinst"), in("postrm")
	case "apk":
		s.PreInstall = in("preinst")
		alpine.Scripts = nfpm.APKScripts{PreUpgrade: s.PreInstall, PostUpgrade: in("postupgrade")}
	}
	return s, alpine, err
}

const homepage = "https://github.com/gavel-rules/gavel"

// contents returns the files of a package.
func (r *release) contents(t target, f format) (files.Contents, error) {
	c := &packed{release: r}
	c.add("/usr/bin/gavel", r.programs[t], 0o755)
	c.add("/usr/share/bash-completion/completions/gavel", r.papers.completions["bash"], 0o644)
	c.add("/usr/share/fish/vendor_completions.d/gavel.fish", r.papers.completions["fish"], 0o644)
	zsh := "/usr/share/zsh/site-functions/_gavel"
	if f.name == "deb" {
		zsh = "/usr/share/zsh/vendor-completions/_gavel"
	}
	c.add(zsh, r.papers.completions["zsh"], 0o644)
	license := "/usr/share/doc/gavel/LICENSE"
	if f.name == "deb" {
		license = "/usr/share/doc/gavel/copyright"
	}
	c.add(license, filepath.Join(r.root, "LICENSE"), 0o644)
	c.add("/usr/share/doc/gavel/NOTICES.txt", r.papers.notices, 0o644)
	for _, name := range []string{"README.md", "CHANGELOG.md", "rules.example.yaml", "rules.example_test.yaml"} {
		c.add("/usr/share/doc/gavel/"+name, filepath.Join(r.root, name), 0o644)
	}
	if err := c.addManual(); err != nil {
		return nil, err
	}
	c.addServices(f)
	c.owned("/etc/gavel", files.TypeDir, "", 0o750, "root")
	c.owned("/etc/gavel/rules", files.TypeDir, "", 0o750, "root")
	c.owned("/etc/gavel/environment", files.TypeConfigNoReplace, filepath.Join(r.root, "tools/release/packaging/environment"), 0o640, "root")
	c.owned("/var/lib/gavel", files.TypeDir, "", 0o750, "gavel")
	return c.list, nil
}

// packed gathers the files of a package.
type packed struct {
	*release
	list files.Contents
}

func (c *packed) add(name, source string, mode os.FileMode) {
	c.list = append(c.list, &files.Content{
		Source: source, Destination: name,
		FileInfo: &files.ContentFileInfo{Owner: "root", Group: "root", Mode: mode, MTime: c.date},
	})
}

// owned adds what the group gavel may read.
func (c *packed) owned(name, kind, source string, mode os.FileMode, owner string) {
	c.list = append(c.list, &files.Content{
		Source: source, Destination: name, Type: kind,
		FileInfo: &files.ContentFileInfo{Owner: owner, Group: "gavel", Mode: mode, MTime: c.date},
	})
}

// addManual adds the man pages, compressed.
func (c *packed) addManual() error {
	pages, err := c.papers.manualPages()
	if err != nil {
		return err
	}
	if len(pages) == 0 {
		return errors.New("there are no man pages")
	}
	for _, page := range pages {
		text, err := compressed(page)
		if err != nil {
			return err
		}
		if err := os.WriteFile(page+".gz", text, 0o644); err != nil {
			return err
		}
		c.add("/usr/share/man/man1/"+filepath.Base(page)+".gz", page+".gz", 0o644)
	}
	return nil
}

// addServices adds what starts Gavel: OpenRC on Alpine, systemd elsewhere.
func (c *packed) addServices(f format) {
	if f.name == "apk" {
		c.add("/etc/init.d/gavel", filepath.Join(c.root, "tools/release/packaging/apk/gavel.openrc"), 0o755)
		return
	}
	for _, unit := range c.units() {
		c.add("/usr/lib/systemd/system/"+filepath.Base(unit), unit, 0o644)
	}
}

func (c *packed) units() []string {
	units, _ := filepath.Glob(filepath.Join(c.root, "deploy/systemd/gavel.*")) // the pattern is valid
	return slices.DeleteFunc(units, func(name string) bool {
		kind := filepath.Ext(name)
		return kind != ".service" && kind != ".socket"
	})
}
