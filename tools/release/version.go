package main

import (
	"fmt"
	"regexp"
	"strings"
)

// version is a semantic version.
type version struct {
	core  string // 1.2.3
	pre   string // rc.1
	build string // 12.gabcdef0: commits since the tag
}

var (
	versionText = regexp.MustCompile(`^v?(\d+\.\d+\.\d+)(?:-((?:alpha|beta|rc)\.\d+))?(?:\+([0-9A-Za-z.]+))?(?:-(\d+)-g([0-9a-f]+))?(-dirty)?$`)
	commitText  = regexp.MustCompile(`^([0-9a-f]{7,40})(-dirty)?$`)
)

// parseVersion reads a version as people write it or as git describe prints it.
func parseVersion(text string) (version, error) {
	if m := commitText.FindStringSubmatch(text); m != nil { // a tree without tags
		return version{core: "0.0.0", build: "0.g" + m[1] + dirty(m[2])}, nil
	}
	m := versionText.FindStringSubmatch(text)
	if m == nil {
		return version{}, fmt.Errorf("%q is not a version such as 1.2.3 or 1.2.3-rc.1", text)
	}
	v := version{core: m[1], pre: m[2], build: m[3]}
	if m[4] != "" {
		v.build = strings.TrimPrefix(v.build+"."+m[4]+".g"+m[5], ".")
	}
	if m[6] != "" {
		v.build = strings.TrimPrefix(v.build+dirty(m[6]), ".")
	}
	return v, nil
}

func dirty(mark string) string {
	if mark == "" {
		return ""
	}
	return ".dirty"
}

// String is the version as the program prints it.
func (v version) String() string {
	text := v.core
	if v.pre != "" {
		text += "-" + v.pre
	}
	if v.build != "" {
		text += "+" + v.build
	}
	return text
}

// debian is the version for dpkg and rpm, which sort ~ before everything.
func (v version) debian() string {
	return strings.Replace(v.String(), "-", "~", 1)
}

// alpine is the version for apk, which allows no words but its own: _rc1 comes
// before, _p12 after.
func (v version) alpine() string {
	text := v.core
	if v.pre != "" {
		text += "_" + strings.ReplaceAll(v.pre, ".", "")
	}
	if n, _, _ := strings.Cut(v.build, "."); n != "" && strings.Trim(n, "0123456789") == "" {
		text += "_p" + n
	}
	return text
}

// tag is the version as the tag of an image, which may not contain +.
func (v version) tag() string { return strings.ReplaceAll(v.String(), "+", "-") }
