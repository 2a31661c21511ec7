package seal_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/gavel-rules/gavel/store/seal"
)

func keys(t *testing.T, lines ...string) *seal.Keys {
	t.Helper()
	k, err := seal.Parse(strings.Join(lines, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	older, newer := strings.Repeat("ab", 32), strings.Repeat("Q", 42)+"E="
	before, rotated := keys(t, older), keys(t, "# since May", newer, "", older)
	plain := []byte(`{"name":"Ada"}`)
	sealed := before.Seal("event/1", plain)
	if bytes.Contains(sealed, []byte("Ada")) || bytes.Equal(sealed, before.Seal("event/1", plain)) {
		t.Error("what is sealed shows, or is the same every time")
	}
	for name, k := range map[string]*seal.Keys{"same key": before, "after rotation": rotated} {
		if got, err := k.Open("event/1", sealed); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := before.Open("event/1", rotated.Seal("event/1", plain)); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("with the older key alone: %v", err)
	}
	var none *seal.Keys
	if _, err := none.Open("event/1", sealed); !errors.Is(err, seal.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	if _, err := before.Open("event/2", sealed); err == nil {
		t.Error("it opens in another place")
	}
	for cut := range len(sealed) {
		if got, err := before.Open("event/1", sealed[:cut]); err == nil && seal.Sealed(sealed[:cut]) {
			t.Errorf("cut at %d: %q", cut, got)
		}
	}
	for i := 4; i < len(sealed); i++ {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := before.Open("event/1", changed); err == nil {
			t.Errorf("changed at %d: it opens", i)
		}
	}
	if got, err := none.Open("event/1", none.Seal("event/1", plain)); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("no keys at all: %q, %v", got, err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"empty": "", "comment": "# none", "short": "c2hvcnQ=", "words": "correct horse battery staple",
		"long": strings.Repeat("ab", 33),
	} {
		_, err := seal.Parse(content)
		if err == nil {
			t.Errorf("%s: no error", name)
		} else if content != "" && strings.Contains(err.Error(), content) {
			t.Errorf("%s: the error quotes the line: %v", name, err)
		}
	}
}

// TestParse: a key may be written in hex or any base64, and the first of the
// file is the one that seals.
func TestParse(t *testing.T) {
	t.Parallel()
	raw := bytes.Repeat([]byte{0xfb}, 32)
	forms := []string{
		hex.EncodeToString(raw), base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw), base64.URLEncoding.EncodeToString(raw),
	}
	first := keys(t, forms[0])
	for _, form := range forms {
		if k := keys(t, "", "  "+form+" ", "# the one before"); k.Len() != 1 || !k.Has(first) || !first.Has(k) {
			t.Errorf("%s is another key", form)
		}
	}
	other := strings.Repeat("ab", 32)
	both, alone := keys(t, forms[0], other), keys(t, other)
	if both.Len() != 2 || !both.Has(first) || !both.Has(alone) || alone.Has(both) || first.Has(alone) {
		t.Error("a file seals with another key than its first, or lacks one")
	}
	if _, err := first.Open("p", both.Seal("p", []byte("x"))); err != nil {
		t.Errorf("what the first key sealed: %v", err)
	}
	for content, want := range map[string]string{
		"# mine\n\n" + other + "\nc2hvcnQ=\n": "line 4 is not 32 bytes of base64 or hex; make one with: openssl rand -base64 32",
		"\n# none\n":                          "no key; make one with: openssl rand -base64 32",
	} {
		if k, err := seal.Parse(content); k != nil || err == nil || err.Error() != want {
			t.Errorf("%q: %v, %v; want %q", content, k, err, want)
		}
	}
}

// TestCutOff: what was cut off says so, wherever.
func TestCutOff(t *testing.T) {
	t.Parallel()
	k := keys(t, strings.Repeat("ab", 32))
	sealed := k.Seal("p", nil)
	for n, want := range map[int]string{
		4: "what is sealed was cut off", 7: "what is sealed was cut off", 8: "what is sealed was cut off", 8 + 23: "what is sealed was cut off",
		8 + 24: "what is sealed was changed, or belongs to another place: ",
	} {
		if _, err := k.Open("p", sealed[:n]); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%d bytes: %v, want %q", n, err, want)
		}
	}
	if plain, err := k.Open("p", sealed); err != nil || len(plain) != 0 {
		t.Errorf("nothing, sealed: %q, %v", plain, err)
	}
	var none *seal.Keys
	if _, err := none.Open("p", sealed[:8]); !errors.Is(err, seal.ErrNoKey) || !strings.Contains(err.Error(), "(key ") {
		t.Error(err)
	}
}
