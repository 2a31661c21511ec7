package copies_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/gavel-rules/gavel/vault/copies"
)

const (
	key   = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	other = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
)

// keys reads a key file of some lines.
func keys(t *testing.T, lines ...string) *copies.Keys {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	k, err := copies.ReadKeys(file)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ageKey(t *testing.T) (secret, public string) {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return i.String(), i.Recipient().String()
}

func encrypted(t *testing.T, k *copies.Keys, plain string) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := k.Encrypt(&out, strings.NewReader(plain)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func opens(k *copies.Keys, sealed []byte) (string, error) {
	var out bytes.Buffer
	err := k.Decrypt(&out, bytes.NewReader(sealed))
	return out.String(), err
}

// TestKeys: a backup can be opened with its key, whichever kind it is and
// wherever in the file, and with no other.
func TestKeys(t *testing.T) {
	t.Parallel()
	secret, public := ageKey(t)
	_, stranger := ageKey(t)
	for _, with := range [][]string{{key}, {"# ours", "", key, other}, {secret}, {public}, {public, stranger}, {secret, key}} {
		sealed := encrypted(t, keys(t, with...), "content")
		if !copies.Encrypted(bufio.NewReader(bytes.NewReader(sealed))) || bytes.Contains(sealed, []byte("content")) {
			t.Errorf("with %q it is not encrypted: %q", with, sealed)
		}
		if got, err := opens(keys(t, other, key, secret), sealed); err != nil || got != "content" {
			t.Errorf("with %q: %q, %v", with, got, err)
		}
		for want, k := range map[string]*copies.Keys{
			"encrypted with another key than those in": keys(t, strings.Repeat("ab", 32)),
			"name the file with its key":               nil,
			"a public one, which cannot decrypt":       keys(t, stranger),
		} {
			if _, err := opens(k, sealed); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("with %q: %v, want %q", with, err, want)
			}
		}
	}
	if copies.Encrypted(bufio.NewReader(strings.NewReader("SQLite format 3\x00"))) {
		t.Error("a database is taken for an encrypted backup")
	}
}

func TestKeyFiles(t *testing.T) {
	t.Parallel()
	if k, err := copies.ReadKeys(""); k != nil || err != nil {
		t.Errorf("without a file: %v, %v", k, err)
	}
	for text, want := range map[string]string{
		"":                    "no key; make one",
		"# comment":           "no key; make one",
		key + "\nsecret":      "line 2: neither 32 bytes",
		"age1notreally":       "line 1: not a public key of age",
		"AGE-SECRET-KEY-1XYZ": "line 1: not a key of age",
	} {
		file := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := copies.ReadKeys(file)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		for _, line := range strings.Fields(text) {
			if err != nil && len(line) > 6 && line[0] != '#' && strings.Contains(err.Error(), line) {
				t.Errorf("%q: the error quotes the key: %v", text, err)
			}
		}
	}
}

// TestDamage changes each byte of an encrypted backup, and cuts it off at each.
func TestDamage(t *testing.T) {
	t.Parallel()
	k := keys(t, key)
	sealed := encrypted(t, k, "content")
	for i := range sealed {
		if _, err := opens(k, sealed[:i]); err == nil {
			t.Errorf("cut off after %d bytes, it is taken for whole", i)
		}
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if got, err := opens(k, changed); err == nil {
			t.Errorf("with byte %d changed, it is opened as %q", i, got)
		}
	}
}

// folder is an empty folder, and what adds a copy with a content to it.
func folder(t *testing.T) (*copies.Folder, func(at time.Time, k *copies.Keys, content string) (copies.Copy, error)) {
	t.Helper()
	f, scratch := &copies.Folder{Path: t.TempDir(), Name: "gavel"}, t.TempDir()
	t.Cleanup(func() {
		if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
			t.Errorf("%v are left, %v", left, err)
		}
	})
	return f, func(at time.Time, k *copies.Keys, content string) (copies.Copy, error) {
		return f.Add(t.Context(), at, k, copies.Scratch{Folder: scratch, Prefix: "plain-", Make: func(_ context.Context, file string) error {
			if content == "" {
				return errors.New("the disk is gone")
			}
			return os.WriteFile(file, []byte(content), 0o600)
		}})
	}
}

func names(t *testing.T, f *copies.Folder) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func day(n int) time.Time { return time.Date(2026, 5, n, 3, 4, 5, 6, time.UTC) }

// TestFolder adds copies: only complete ones get a name and count, the newest
// are kept, and what is not theirs is left alone.
func TestFolder(t *testing.T) {
	t.Parallel()
	f, add := folder(t)
	for _, name := range []string{"other-20260501T030405Z.db", "gavel-notes.txt", "gavel-20260501T030405Z.db.part"} {
		if err := os.WriteFile(filepath.Join(f.Path, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(f.Path, "gavel-20260409T030405Z.db"), nil, 0o600); err != nil {
		t.Fatal(err) // empty, as after a power cut
	}
	var last copies.Copy
	for n := 1; n <= 5; n++ {
		made, err := add(day(n), nil, fmt.Sprint("content ", n))
		if err != nil {
			t.Fatal(err)
		}
		last = made
	}
	if _, err := add(day(6), nil, ""); err == nil {
		t.Error("a failure is not told")
	}
	if _, err := f.Thin(day(6), 2, last.Path); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"gavel-20260409T030405Z.db", "gavel-20260501T030405Z.db.part",
		"gavel-20260504T030405Z.db", "gavel-20260504T030405Z.db.sha256",
		"gavel-20260505T030405Z.db", "gavel-20260505T030405Z.db.sha256", "gavel-notes.txt", "other-20260501T030405Z.db",
	}
	if got := names(t, f); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if at := copies.TimeOf(last.Path); !at.Equal(day(5).Truncate(time.Second)) || !copies.TimeOf("gavel.db").IsZero() {
		t.Errorf("the name says %s", at)
	}

	// What is changed on the disk is noticed.
	if err := copies.CheckSum(last.Path); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(last.Path, []byte("content 6"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := copies.CheckSum(last.Path); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("a changed copy: %v", err)
	}
	if err := copies.CheckSum(filepath.Join(f.Path, "other-20260501T030405Z.db")); err != nil {
		t.Errorf("without a checksum: %v", err)
	}
}

// TestClockThatWasAhead: copies with a future name do not push out those that
// are made now.
func TestClockThatWasAhead(t *testing.T) {
	t.Parallel()
	f, add := folder(t)
	for _, n := range []int{20, 21, 2, 3} {
		made, err := add(day(n), nil, "content")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Thin(day(3), 2, made.Path); err != nil {
			t.Fatal(err)
		}
	}
	all, err := f.Copies(day(3).Add(time.Hour))
	if err != nil || len(all) != 2 || all[0].Time.Day() != 3 || all[1].Time.Day() != 2 {
		t.Errorf("%v, %v", all, err)
	}
	// The one just made stays, whatever its name.
	made, err := add(day(22), nil, "content")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Thin(day(4), 1, made.Path); err != nil {
		t.Fatal(err)
	}
	if all, err := f.Copies(day(4)); err != nil || len(all) != 1 || all[0].Path != made.Path {
		t.Errorf("%v, %v", all, err)
	}
}

// TestEncryptedCopies can be opened, and their content was never in the folder.
func TestEncryptedCopies(t *testing.T) {
	t.Parallel()
	_, public := ageKey(t)
	for _, k := range []*copies.Keys{keys(t, key), keys(t, public)} {
		_, add := folder(t)
		made, err := add(day(1), k, "content")
		if err != nil || !strings.HasSuffix(made.Path, "gavel-20260501T030405Z.db.age") || made.Bytes < 100 {
			t.Fatalf("%+v, %v", made, err)
		}
		sealed, err := os.ReadFile(made.Path)
		if err != nil {
			t.Fatal(err)
		}
		if !k.CanOpen() {
			continue
		}
		if got, err := opens(k, sealed); err != nil || got != "content" {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// TestHold: one process has the folder, and removes what a killed one left.
func TestHold(t *testing.T) {
	t.Parallel()
	f, add := folder(t)
	if _, err := add(day(1), nil, "content"); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(f.Path, copies.Temporary+"123")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	orphan := filepath.Join(f.Path, "gavel-20260502T030405Z.db.sha256")
	if err := os.WriteFile(orphan, []byte("sum"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.Hold(); err != nil {
		t.Fatal(err)
	}
	if want := []string{".gavel-backups.lock", "gavel-20260501T030405Z.db", "gavel-20260501T030405Z.db.sha256"}; !slices.Equal(names(t, f), want) {
		t.Errorf("%q, want %q", names(t, f), want)
	}
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what a killed process left: %v", err)
	}
	second := &copies.Folder{Path: f.Path, Name: "another"}
	if err := second.Hold(); !errors.Is(err, copies.ErrBusy) || second.Held() {
		t.Errorf("a second process: %v", err)
	}
	if err := f.Release(); err != nil {
		t.Fatal(err)
	}
	if err := second.Hold(); err != nil || !second.Held() {
		t.Errorf("after the first: %v", err)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
	for _, path := range []string{filepath.Join(f.Path, "none"), filepath.Join(f.Path, "gavel-20260501T030405Z.db")} {
		if err := (&copies.Folder{Path: path}).Hold(); err == nil {
			t.Errorf("%s is taken for a folder", path)
		}
	}
}

// TestFullDisk tells an error of the destination from damage.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	k := keys(t, key)
	err := k.Decrypt(full{}, bytes.NewReader(encrypted(t, k, "content")))
	if !errors.Is(err, io.ErrShortWrite) || strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }
