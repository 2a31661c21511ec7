// Package version has the version of this build.
package version

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// number is set by the linker for releases.
var number = ""

// Info is the output of "gavel version".
type Info struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Current returns the version of this program; if it is not a release, that of
// the source it was built from.
func Current() Info {
	v := Info{Version: number, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if v.Version != "" {
		return v
	}
	v.Version = "development"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && len(s.Value) >= 12 {
				v.Version = "development-" + s.Value[:12]
			}
		}
	}
	return v
}

// String is the version as people read it.
func (v Info) String() string { return fmt.Sprintf("gavel %s (%s, %s)", v.Version, v.Go, v.Platform) }

// Released returns the version set by the linker; empty in other builds.
func Released() string { return number }
