package live

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/rules/tables"
	"github.com/gavel-rules/gavel/rules/text"
)

// fingerprint is a hash of file names and contents.
type fingerprint [sha256.Size]byte

// hashedBytes is how much of a file is hashed. The loader refuses larger files.
const hashedBytes = 8 << 20

func takeFingerprint(paths []string) fingerprint {
	h := sha256.New()
	for _, name := range ruleFiles(paths) {
		hashText(h, name)
		hashFile(h, name)
	}
	var f fingerprint
	h.Sum(f[:0])
	return f
}

func hashFile(h hash.Hash, name string) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		hashText(h, "nothing")
		return
	case !info.Mode().IsRegular():
		hashText(h, "no file") // its finding differs from that of a missing file
		return
	}
	file, err := smallfile.Open(name)
	if err != nil {
		hashText(h, "not readable")
		return
	}
	defer file.Close()
	content := sha256.New()
	n, err := io.Copy(content, io.LimitReader(file, hashedBytes))
	if err != nil {
		hashText(h, "not readable")
		return
	}
	hashText(h, string(binary.AppendVarint(nil, n)))
	hashText(h, string(content.Sum(nil)))
}

// hashText writes s with its length, so that "ab", "c" and "a", "bc" differ.
func hashText(h hash.Hash, s string) {
	_, _ = h.Write(binary.AppendUvarint(nil, uint64(len(s)))) // a hash never fails
	_, _ = h.Write([]byte(s))
}

// ruleFiles lists the rules files at paths and the tables that they name.
func ruleFiles(paths []string) []string {
	files := yamlFiles(paths)
	for _, name := range files {
		files = append(files, tablesOf(name)...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

// tablesOf lists the tables that a rules file names. A file that cannot be read
// names none.
func tablesOf(name string) []string {
	if !isRuleFile(filepath.Base(name)) {
		return nil
	}
	sources, _ := text.ReadSources(name)
	var out []string
	for _, s := range sources {
		for _, table := range tables.Named(s) {
			if path, problem := tables.Path(s.Name, table); problem == "" {
				out = append(out, path)
			}
		}
	}
	return out
}

// yamlFiles lists each path, and the YAML files in it if it is a directory. It
// may list more files than the loader reads.
func yamlFiles(paths []string) []string {
	var files []string
	for _, p := range paths {
		if info, err := os.Stat(p); err != nil || !info.IsDir() {
			files = append(files, p)
			continue
		}
		entries, err := os.ReadDir(p)
		if err != nil {
			files = append(files, p)
			continue
		}
		files = append(files, p)
		for _, e := range entries {
			if isRuleFile(e.Name()) {
				files = append(files, filepath.Join(p, e.Name()))
			}
		}
	}
	return files
}

func isRuleFile(name string) bool {
	ext := filepath.Ext(name)
	return !strings.HasPrefix(name, ".") && (ext == ".yaml" || ext == ".yml")
}

// watchDirectories updates the list of watched directories, which changes with
// files, links and the directories themselves.
func (r *watchRun) watchDirectories() {
	if r.notify == nil {
		return
	}
	r.targets = map[string]bool{}
	r.tables = map[string]bool{}
	want := map[string]bool{}
	for _, p := range r.paths {
		want[existing(filepath.Dir(p))] = true
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			want[p] = true
		}
	}
	for _, file := range ruleFiles(r.paths) {
		if tables.IsTable(file) {
			r.tables[file] = true
			want[existing(filepath.Dir(file))] = true
		}
		// A link leads to another directory, and can be changed to yet another.
		if target, err := filepath.EvalSymlinks(file); err == nil && target != file {
			r.targets[filepath.Dir(target)] = true
			want[filepath.Dir(target)] = true
		}
	}
	for _, dir := range r.notify.WatchList() {
		if !want[dir] || r.busy.dirs[dir] {
			_ = r.notify.Remove(dir) // it may already be gone
		}
	}
	for dir := range want {
		if r.busy.dirs[dir] {
			continue
		}
		if err := r.notify.Add(dir); err != nil {
			r.Log.Warn("watching rules", "directory", dir, "error", err)
		}
	}
}

// existing returns dir, or the nearest directory above it that exists.
func existing(dir string) string {
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return dir
		}
		dir = above
	}
}

// concerns reports whether a change of name may change the rules. The watched
// directories may contain other files.
func (r *watchRun) concerns(name string) bool {
	if filepath.Base(name) == "..data" || r.targets[filepath.Dir(name)] || r.targets[name] || r.tables[name] {
		return true
	}
	return slices.ContainsFunc(r.paths, func(p string) bool {
		return name == p || filepath.Dir(name) == p && isRuleFile(filepath.Base(name)) || strings.HasPrefix(p, name+string(filepath.Separator))
	})
}
