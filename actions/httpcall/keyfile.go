package httpcall

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/rules/params"
)

// KeyFiles are the files that rules may use as private keys, so that rules
// cannot sign with every key that Gavel can read.
type KeyFiles struct {
	// Dirs are the allowed folders; if empty, no file is allowed.
	Dirs []string
	// Never are files that are refused even if they are in Dirs, such as the
	// key of Gavel's own certificate.
	Never []string
}

func keyFileError(text string) error {
	return &params.FieldError{
		Field: "auth.jwt_bearer.private_key_file", Err: errors.New(text),
		Hint: "put the key in the folder of --secrets-dir or of the rules, or give it as private_key",
	}
}

// read returns the contents of a key file. The error for a name outside the
// folders does not tell whether the file exists.
func (k KeyFiles) read(name string) ([]byte, error) {
	const outside = "is outside the folders allowed for keys"
	path, err := filepath.Abs(name)
	if err != nil || !k.inside(path) {
		return nil, keyFileError(outside)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
		if !k.inside(path) {
			return nil, keyFileError("links to a file outside the folders allowed for keys")
		}
	}
	if k.own(path) {
		return nil, keyFileError("is one of Gavel's own files")
	}
	key, err := smallfile.Read(path)
	if err != nil {
		return nil, &params.FieldError{Field: "auth.jwt_bearer.private_key_file", Err: err}
	}
	return key, nil
}

// inside reports whether path is below one of the folders, with or without
// resolving the folder's symbolic links.
func (k KeyFiles) inside(path string) bool {
	for _, dir := range k.Dirs {
		root, err := filepath.Abs(dir)
		if err != nil {
			continue
		}
		if below(root, path) {
			return true
		}
		if root, err = filepath.EvalSymlinks(root); err == nil && below(root, path) {
			return true
		}
	}
	return false
}

func below(root, path string) bool {
	rest, err := filepath.Rel(root, path)
	return err == nil && rest != ".." && !strings.HasPrefix(rest, ".."+string(filepath.Separator))
}

func (k KeyFiles) own(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	for _, name := range k.Never {
		if other, err := os.Stat(name); err == nil && os.SameFile(info, other) {
			return true
		}
	}
	return false
}
