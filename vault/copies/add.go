package copies

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Add adds a copy that shows a moment. Without keys, it is made in the folder,
// otherwise in scratch, so that unencrypted content never gets into the folder.
// The copy gets its name when it is complete and on disk.
func (f *Folder) Add(ctx context.Context, at time.Time, keys *Keys, scratch Scratch) (Copy, error) {
	out := Copy{Path: f.Next(at, keys != nil), Time: at}
	folder, prefix := f.Path, Temporary
	if keys != nil {
		folder, prefix = scratch.Folder, scratch.Prefix
	}
	plain, err := TempIn(folder, prefix)
	if err != nil {
		return out, err
	}
	defer func() { _ = os.Remove(plain.Name()) }() // renamed already on success
	defer func() { _ = plain.Close() }()           // it was only read
	if err := scratch.Make(ctx, plain.Name()); err != nil {
		return out, err
	}
	if keys == nil {
		err = errors.Join(plain.Close(), f.name(plain.Name(), out.Path)) // Windows renames no open file
	} else {
		err = Seal(plain, keys, out.Path, Temporary)
	}
	if err != nil {
		return out, err
	}
	info, err := os.Stat(out.Path)
	if err != nil {
		return out, err
	}
	out.Bytes = info.Size()
	return out, nil
}

// Scratch is where unencrypted copies are made before they are encrypted, and
// how: Make fills the file of a name.
type Scratch struct {
	Folder, Prefix string
	Make           func(ctx context.Context, file string) error
}

// name gives an unencrypted copy its name, and a checksum, because SQLite does
// not notice a changed byte of a text.
func (f *Folder) name(plain, name string) error {
	sum, err := sumOf(plain)
	if err != nil {
		return err
	}
	list, err := TempIn(f.Path, Temporary)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(list.Name()) }() // renamed already on success
	_, err = fmt.Fprintf(list, "%x  %s\n", sum, filepath.Base(name))
	if err := errors.Join(err, list.Sync(), list.Close()); err != nil {
		return err
	}
	if err := os.Rename(list.Name(), name+sumSuffix); err != nil {
		return err
	}
	if err := os.Rename(plain, name); err != nil {
		return err
	}
	return syncFolder(f.Path)
}

// Seal writes an encrypted copy of a file, reads it again and gives it its name.
// Until then its name begins with prefix.
func Seal(plain *os.File, keys *Keys, name, prefix string) error {
	sealed, err := TempIn(filepath.Dir(name), prefix)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(sealed.Name()) }() // renamed already on success
	sum := sha256.New()
	_, err = plain.Seek(0, io.SeekStart)
	if err == nil {
		err = keys.Encrypt(sealed, io.TeeReader(plain, sum))
	}
	if err := errors.Join(err, sealed.Sync(), sealed.Close()); err != nil {
		return err
	}
	if keys.CanOpen() {
		if err := compare(keys, sealed.Name(), sum.Sum(nil)); err != nil {
			return fmt.Errorf("the encrypted copy does not decrypt to what was encrypted: %w", err)
		}
	}
	if err := os.Rename(sealed.Name(), name); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// TempIn creates a file with a name of its own in a folder, or in the usual one for
// temporary files if that is empty. An error is about the folder, because nobody
// knows the name.
func TempIn(folder, prefix string) (*os.File, error) {
	if folder == "" {
		folder = os.TempDir()
	}
	f, err := os.CreateTemp(folder, prefix+"*")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the folder %q does not exist; create it first: %w", folder, fs.ErrNotExist)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("the folder %q cannot be written by this user: %w", folder, fs.ErrPermission)
	}
	return f, err
}

func compare(keys *Keys, file string, want []byte) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	if err := keys.Decrypt(sum, f); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), want) {
		return errors.New("it was changed on the disk")
	}
	return nil
}

// CheckSum compares an unencrypted copy with the checksum beside it, if there
// is one.
func CheckSum(file string) error {
	list, err := os.ReadFile(file + sumSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	want, _, _ := strings.Cut(string(list), " ")
	sum, err := sumOf(file)
	if err != nil {
		return err
	}
	if hex.EncodeToString(sum) != want {
		return fmt.Errorf("the backup %q is damaged: it does not have the checksum in %q; use another one", file, file+sumSuffix)
	}
	return nil
}

func sumOf(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	// Some file systems cannot do it, and need not.
	_ = f.Sync()
	return f.Close()
}
