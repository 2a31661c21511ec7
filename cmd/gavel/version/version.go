// Package version says which build of the program this is.
package version

import (
	"runtime"
	"runtime/debug"
)

// number is set by the linker for releases.
var number = ""

// Info is what "gavel version" tells.
type Info struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Current returns the version of this program; without one of a release it is that
// of the source it was built from.
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

// Released is what the linker has set; empty in other builds.
func Released() string { return number }
