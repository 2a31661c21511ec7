package seal_test

import (
	"bytes"
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
