package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// papers are the files beside the program.
type papers struct {
	manual      string            // a folder with gavel.1, gavel-serve.1, …
	completions map[string]string // by shell
	notices     string
}

// write makes the papers with a program that runs here.
func (r *release) write(ctx context.Context) error {
	program, err := r.own(ctx)
	if err != nil {
		return err
	}
	r.papers = papers{manual: filepath.Join(r.work, "man"), completions: map[string]string{}, notices: filepath.Join(r.work, "NOTICES.txt")}
	folder := filepath.Join(r.work, "completions")
	for _, dir := range []string{folder, r.papers.manual} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		text, err := exec.CommandContext(ctx, program, "completion", shell).Output()
		if err != nil {
			return fmt.Errorf("gavel completion %s: %w", shell, err)
		}
		r.papers.completions[shell] = filepath.Join(folder, "gavel."+shell)
		if err := os.WriteFile(r.papers.completions[shell], text, 0o644); err != nil {
			return err
		}
	}
	if err := r.writeManual(ctx, program); err != nil {
		return err
	}
	return r.writeNotices(ctx)
}

// page is one command, as "gavel manual" tells of it.
type page struct {
	Use, Short, Long, Example string
	Flags                     []pageFlag
	Commands                  []page
}

type pageFlag struct {
	Name, Shorthand, Type, Usage, Default string
	Persistent                            bool
}

func (r *release) writeManual(ctx context.Context, program string) error {
	text, err := exec.CommandContext(ctx, program, "manual").Output()
	if err != nil {
		return fmt.Errorf("gavel manual: %w", err)
	}
	var top page
	if err := json.Unmarshal(text, &top); err != nil {
		return fmt.Errorf("gavel manual: %w", err)
	}
	root := top.command()
	root.DisableAutoGenTag = true
	header := &doc.GenManHeader{Section: "1", Source: "Gavel " + r.version.String(), Manual: "Gavel", Date: &r.date}
	return doc.GenManTree(root, header, r.papers.manual)
}

// command is what the library for man pages reads.
func (p page) command() *cobra.Command {
	c := &cobra.Command{Use: p.Use, Short: p.Short, Long: p.Long, Example: p.Example, DisableAutoGenTag: true, Run: func(*cobra.Command, []string) {}}
	for _, f := range p.Flags {
		set := c.Flags()
		if f.Persistent {
			set = c.PersistentFlags()
		}
		set.VarP(&flagValue{f.Default, f.Type}, f.Name, f.Shorthand, f.Usage)
		if f.Type == "bool" {
			set.Lookup(f.Name).NoOptDefVal = "true"
		}
	}
	for _, child := range p.Commands {
		c.AddCommand(child.command())
	}
	return c
}

// flagValue is a flag of which only the default and the type matter.
type flagValue struct{ text, kind string }

func (f *flagValue) String() string     { return f.text }
func (f *flagValue) Set(v string) error { f.text = v; return nil }
func (f *flagValue) Type() string       { return f.kind }

// manualPages returns the files of the manual, in order.
func (p papers) manualPages() ([]string, error) {
	pages, err := filepath.Glob(filepath.Join(p.manual, "*.1"))
	slices.Sort(pages)
	return pages, err
}

// writeNotices writes the license of every module in the program, as these
// licenses demand.
func (r *release) writeNotices(ctx context.Context) error {
	goRoot, err := r.output(ctx, "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	listed, err := r.output(ctx, "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}\t{{.Dir}}{{end}}{{end}}", "./cmd/gavel")
	if err != nil {
		return err
	}
	modules := strings.Split(listed, "\n")
	modules = append(modules, "The Go standard library\t"+goRoot)
	slices.Sort(modules)
	var out bytes.Buffer
	out.WriteString("Gavel contains the following modules, under these licenses.\n")
	for _, line := range slices.Compact(modules) {
		name, dir, ok := strings.Cut(line, "\t")
		if !ok {
			continue
		}
		licenses, err := licensesOf(dir)
		if err != nil {
			return err
		}
		if len(licenses) == 0 {
			return fmt.Errorf("%s has no license file", name)
		}
		fmt.Fprintf(&out, "\n%s\n%s\n", strings.Repeat("=", 78), name)
		for _, text := range licenses {
			fmt.Fprintf(&out, "\n%s\n", bytes.TrimSpace(text))
		}
	}
	return os.WriteFile(r.papers.notices, out.Bytes(), 0o644)
}

func licensesOf(dir string) ([][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out [][]byte
	for _, e := range entries {
		name := strings.ToLower(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "licen") && !strings.HasPrefix(name, "copying") && !strings.HasPrefix(name, "notice") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, text)
	}
	return out, nil
}

// compressed returns a file as gzip -9n would.
func compressed(file string) ([]byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}
