package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"time"
)

// entry is a file of an archive.
type entry struct {
	name, source string
	mode         os.FileMode
}

// archives packs the program of every target with the papers.
func (r *release) archives(context.Context) error {
	for _, t := range r.targets {
		entries, err := r.archived(t)
		if err != nil {
			return err
		}
		name, pack := "gavel_"+r.version.String()+"_"+t.String(), writeTarball
		if t.os == "windows" {
			pack = writeZip
		}
		for i := range entries {
			entries[i].name = path.Join(name, entries[i].name)
		}
		if err := pack(filepath.Join(r.out, name), entries, r.date); err != nil {
			return err
		}
	}
	return nil
}

func (r *release) archived(t target) ([]entry, error) {
	entries := []entry{{t.program(), r.programs[t], 0o755}}
	for _, name := range []string{"CHANGELOG.md", "LICENSE", "README.md", "rules.example.yaml", "rules.example_test.yaml"} {
		entries = append(entries, entry{name, filepath.Join(r.root, name), 0o644})
	}
	entries = append(entries, entry{"NOTICES.txt", r.papers.notices, 0o644})
	if t.os == "windows" {
		return append(entries, entry{"completions/gavel.ps1", r.papers.completions["powershell"], 0o644}), nil
	}
	for _, shell := range []string{"bash", "fish", "zsh"} {
		entries = append(entries, entry{"completions/gavel." + shell, r.papers.completions[shell], 0o644})
	}
	pages, err := r.papers.manualPages()
	for _, page := range pages {
		entries = append(entries, entry{"man/" + filepath.Base(page), page, 0o644})
	}
	return entries, err
}

// writeFile creates a file, has it written, and closes it.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close() // the first error counts
		return err
	}
	return f.Close()
}

func writeTarball(name string, entries []entry, date time.Time) error {
	return writeFile(name+".tar.gz", func(out io.Writer) error {
		z, err := gzip.NewWriterLevel(out, gzip.BestCompression)
		if err != nil {
			return err
		}
		w := tar.NewWriter(z)
		for _, e := range entries {
			if err := addTar(w, e, date); err != nil {
				return err
			}
		}
		if err := w.Close(); err != nil {
			return err
		}
		return z.Close()
	})
}

func addTar(w *tar.Writer, e entry, date time.Time) error {
	data, err := os.ReadFile(e.source)
	if err != nil {
		return err
	}
	head := &tar.Header{Typeflag: tar.TypeReg, Name: e.name, Size: int64(len(data)), Mode: int64(e.mode), ModTime: date}
	if err := w.WriteHeader(head); err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

func writeZip(name string, entries []entry, date time.Time) error {
	return writeFile(name+".zip", func(out io.Writer) error {
		w := zip.NewWriter(out)
		for _, e := range entries {
			data, err := os.ReadFile(e.source)
			if err != nil {
				return err
			}
			head := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: date}
			head.SetMode(e.mode)
			f, err := w.CreateHeader(head)
			if err != nil {
				return err
			}
			if _, err := f.Write(data); err != nil {
				return err
			}
		}
		return w.Close()
	})
}
