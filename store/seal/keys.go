// Package seal encrypts stored data, so that a copy of the database without
// the operator's key reveals no personal data.
package seal

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrNoKey says that the key of sealed data is missing.
var ErrNoKey = errors.New("sealed with a key that was not given")

// magic is the prefix of sealed data. No JSON begins with a zero byte.
const magic = "\x00GV1"

const idLength = 4

// Keys seals with the first key and opens with any. It is safe for concurrent
// use. Nil seals nothing, and cannot open sealed data.
type Keys struct {
	first [idLength]byte
	boxes map[[idLength]byte]cipher.AEAD
}

// Len returns the number of keys.
func (k *Keys) Len() int { return len(k.boxes) }

// Has reports whether these keys can open what other seals.
func (k *Keys) Has(other *Keys) bool { return k.boxes[other.first] != nil }

// Parse reads the content of a key file: one key per line, each 32 random
// bytes in base64 or hex. Empty lines and lines that begin with # are ignored.
// New data is sealed with the first key; to replace it, put another one above
// it. The error never quotes a key.
func Parse(content string) (*Keys, error) {
	k := &Keys{boxes: map[[idLength]byte]cipher.AEAD{}}
	number := 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		raw, ok := Decode(line)
		if !ok {
			return nil, fmt.Errorf("line %d is not 32 bytes of base64 or hex; make one with: openssl rand -base64 32", number)
		}
		box, err := chacha20poly1305.NewX(raw)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		// Two random keys have the same id once in four billion cases.
		id := [idLength]byte(sum(raw))
		if len(k.boxes) == 0 {
			k.first = id
		}
		k.boxes[id] = box
	}
	if len(k.boxes) == 0 {
		return nil, errors.New("no key; make one with: openssl rand -base64 32")
	}
	return k, nil
}

func sum(raw []byte) []byte {
	s := sha256.Sum256(append([]byte("gavel key id "), raw...))
	return s[:idLength]
}

// Decode reads a key as it is written: 32 bytes in base64 or hex.
func Decode(line string) ([]byte, bool) {
	for _, read := range []func(string) ([]byte, error){hex.DecodeString, base64.StdEncoding.DecodeString, base64.RawStdEncoding.DecodeString, base64.URLEncoding.DecodeString} {
		if raw, err := read(line); err == nil && len(raw) == chacha20poly1305.KeySize {
			return raw, true
		}
	}
	return nil, false
}

// Seal encrypts plain for one place, which names the row and the column; it
// cannot be opened in another place.
func (k *Keys) Seal(place string, plain []byte) []byte {
	if k == nil {
		return plain
	}
	box := k.boxes[k.first]
	out := make([]byte, 0, len(magic)+idLength+box.NonceSize()+len(plain)+box.Overhead())
	out = append(append(out, magic...), k.first[:]...)
	nonce := make([]byte, box.NonceSize())
	_, _ = rand.Read(nonce) // never fails since Go 1.24
	out = append(out, nonce...)
	return box.Seal(out, nonce, plain, []byte(place))
}

// Sealed reports whether data was made by Seal.
func Sealed(data []byte) bool { return bytes.HasPrefix(data, []byte(magic)) }

// Open reverses Seal. Data that is not sealed, from before there was a key, is
// returned as it is. The error wraps ErrNoKey when the key is missing.
func (k *Keys) Open(place string, data []byte) ([]byte, error) {
	if !Sealed(data) {
		return data, nil
	}
	rest := data[len(magic):]
	if len(rest) < idLength {
		return nil, errors.New("what is sealed was cut off")
	}
	id := [idLength]byte(rest)
	var box cipher.AEAD
	if k != nil {
		box = k.boxes[id]
	}
	if box == nil {
		return nil, fmt.Errorf("%w (key %x)", ErrNoKey, id)
	}
	rest = rest[idLength:]
	if len(rest) < box.NonceSize() {
		return nil, errors.New("what is sealed was cut off")
	}
	plain, err := box.Open(nil, rest[:box.NonceSize()], rest[box.NonceSize():], []byte(place))
	if err != nil {
		return nil, fmt.Errorf("what is sealed was changed, or belongs to another place: %w", err)
	}
	return plain, nil
}
