package text

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dustin/go-humanize"

	"github.com/gavel-rules/gavel/internal/smallfile"
)

// Limits of what is read, in bytes.
const (
	maxSourceSize = 4 << 20
	maxTotalSize  = 16 << 20
)

// Source is one rules file.
type Source struct {
	Name    string `json:"name"` // as the user would open it
	Content []byte `json:"content"`
}

// ReadSources reads rules files. Each path is a file, or a directory with
// *.yaml and *.yml files; hidden files and rule tests (*_test.yaml) are skipped.
// A file that cannot be read is a finding.
func ReadSources(paths ...string) ([]Source, Findings) {
	r := &reader{}
	for _, path := range paths {
		r.path(path)
	}
	return r.sources, r.out.Findings.Sorted()
}

type reader struct {
	sources []Source
	out     Collector
	total   int64
	full    bool
}

func (r *reader) refuse(path, message, hint string) {
	r.out.Add(Finding{Pos: Position{File: path}, Message: message, Hint: hint})
}

func (r *reader) path(path string) {
	info, err := os.Stat(path)
	if err != nil {
		r.refuse(path, reason(err), "check the path")
		return
	}
	if !info.IsDir() {
		if isRulesFile(filepath.Base(path)) && leadsElsewhere(path) {
			r.refuse(path, "links to a file that is not a rules file", "link to a *.yaml file")
			return
		}
		r.file(path, info)
		return
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		r.refuse(path, reason(err), "")
		return
	}
	before := len(r.sources) + len(r.out.Findings)
	for _, e := range entries { // sorted by name
		if !isRulesFile(e.Name()) {
			continue
		}
		full := filepath.Join(path, e.Name())
		// Stat follows links, which a ConfigMap consists of.
		info, err := os.Stat(full)
		switch {
		case err != nil:
			r.refuse(full, reason(err), "")
		case leadsElsewhere(full):
			r.refuse(full, "links to a file that is not a rules file", "link to a *.yaml file")
		case !info.IsDir():
			r.file(full, info)
		}
	}
	if len(r.sources)+len(r.out.Findings) == before {
		r.refuse(path, "the directory has no rules files", "put *.yaml files into it")
	}
}

// leadsElsewhere reports whether a path is a link to a file that is not a rules
// file. Findings quote lines, and must not quote a secret that an author of
// rules links to.
func leadsElsewhere(path string) bool {
	target, err := filepath.EvalSymlinks(path)
	return err == nil && !isRulesFile(filepath.Base(target))
}

// isRulesFile tells rules files from hidden ones, tests and other files.
func isRulesFile(name string) bool {
	ext := filepath.Ext(name)
	if strings.HasPrefix(name, ".") || ext != ".yaml" && ext != ".yml" {
		return false
	}
	return !strings.HasSuffix(strings.TrimSuffix(name, ext), "_test")
}

func (r *reader) file(path string, info fs.FileInfo) {
	switch {
	case !info.Mode().IsRegular():
		r.refuse(path, "not a regular file", "")
		return
	case info.Size() > maxSourceSize:
		r.refuse(path, tooLarge(info.Size()), "split the rules over several files")
		return
	case r.full:
		return
	case r.total+info.Size() > maxTotalSize:
		r.full = true
		r.refuse(path, "all files together are larger than "+humanize.IBytes(maxTotalSize), "")
		return
	}
	content, err := readBounded(path)
	if err != nil {
		r.refuse(path, reason(err), "")
		return
	}
	r.total += int64(len(content))
	s := Source{Name: path, Content: content}
	if f := CheckSource(s); f != nil {
		r.out.Add(*f)
		return
	}
	r.sources = append(r.sources, s)
}

// readBounded limits what is read, even if the file has grown since Stat.
func readBounded(path string) ([]byte, error) { return readUpTo(path, maxSourceSize) }

func readUpTo(path string, limit int64) ([]byte, error) {
	f, err := smallfile.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open rules: %w", err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	return content, nil
}

func tooLarge(size int64) string {
	return "the file is too large: " + humanize.IBytes(uint64(size)) + ", more than " + humanize.IBytes(maxSourceSize)
}

func reason(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "not found"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	return err.Error()
}

// CheckSource reports content that is too large or not UTF-8 text.
func CheckSource(s Source) *Finding {
	if len(s.Content) > maxSourceSize {
		return &Finding{
			Severity: SeverityError, Pos: Position{File: s.Name},
			Message: tooLarge(int64(len(s.Content))), Hint: "split the rules over several files",
		}
	}
	return checkText(s)
}

func checkText(s Source) *Finding {
	f := Finding{Severity: SeverityError, Pos: Position{File: s.Name}}
	nul := bytes.IndexByte(s.Content, 0)
	switch {
	case bytes.HasPrefix(s.Content, []byte{0xff, 0xfe}), bytes.HasPrefix(s.Content, []byte{0xfe, 0xff}):
		f.Pos.Line = 1
		f.Message, f.Hint = "the file is UTF-16", "save it as UTF-8"
	case nul >= 0:
		f.Pos.Line = 1 + bytes.Count(s.Content[:nul], []byte("\n"))
		f.Message, f.Hint = "not a text file: contains a zero byte", "save it as UTF-8"
	case !utf8.Valid(s.Content):
		bad := firstInvalid(s.Content)
		f.Pos.Line = 1 + bytes.Count(s.Content[:bad], []byte("\n"))
		f.Message, f.Hint = "not valid UTF-8", "save it as UTF-8"
	default:
		return nil
	}
	return &f
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(b)
}

// RevisionOf returns the revision of a set from these sources: a hash of file
// names and contents. Folders are left out, so that the revision does not depend
// on the path of a file.
func RevisionOf(sources []Source) string {
	h := sha256.New()
	for _, s := range sources {
		name := filepath.Base(s.Name)
		fmt.Fprintf(h, "%d %s %d ", len(name), name, len(s.Content))
		h.Write(s.Content)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// EncodeSources packs sources for storage; DecodeSources unpacks them.
func EncodeSources(sources []Source) []byte {
	b, err := json.Marshal(slices.Clip(sources))
	if err != nil {
		return nil // cannot happen: strings and bytes always encode
	}
	return b
}

// DecodeSources reads what EncodeSources wrote.
func DecodeSources(data []byte) ([]Source, error) {
	var out []Source
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("decode rules: %w", err)
	}
	return out, nil
}
