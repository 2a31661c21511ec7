package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// target is a system to build for.
type target struct{ os, arch string }

var allTargets = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

func parseTargets(text string) ([]target, error) {
	var out []target
	for name := range strings.SplitSeq(text, ",") {
		system, arch, ok := strings.Cut(name, "/")
		if !ok || !strings.Contains(" "+strings.Join(allTargets, " ")+" ", " "+name+" ") {
			return nil, fmt.Errorf("--targets: %q is not one of %s", name, strings.Join(allTargets, ", "))
		}
		out = append(out, target{system, arch})
	}
	return out, nil
}

func (t target) String() string { return t.os + "_" + t.arch }

// program is the name of the program's file.
func (t target) program() string {
	if t.os == "windows" {
		return "gavel.exe"
	}
	return "gavel"
}

// compile builds the program for every target.
func (r *release) compile(ctx context.Context) error {
	for _, t := range r.targets {
		if err := r.build(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// build builds the program for one target, unless there is one.
func (r *release) build(ctx context.Context, t target) error {
	if r.program != "" {
		r.programs[t] = r.program
	}
	if r.programs[t] != "" {
		return nil
	}
	file := filepath.Join(r.work, "program", t.String(), t.program())
	args := []string{"build", "-buildvcs=false", "-o", file, "-ldflags", "-s -w -X github.com/gavel-rules/gavel/cmd/gavel/version.number=" + r.version.String()}
	if !r.draft {
		args = append(args, "-trimpath")
	}
	cmd := exec.CommandContext(ctx, "go", append(args, "./cmd/gavel")...)
	cmd.Dir = r.root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+t.os, "GOARCH="+t.arch)
	cmd.Stdout, cmd.Stderr = r.log, r.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", t, err)
	}
	r.programs[t] = file
	return nil
}

// own returns a program that this machine can run.
func (r *release) own(ctx context.Context) (string, error) {
	here := target{runtime.GOOS, runtime.GOARCH}
	err := r.build(ctx, here)
	return r.programs[here], err
}
