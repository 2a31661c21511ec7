package copies

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"

	"github.com/gavel-rules/gavel/internal/smallfile"
	"github.com/gavel-rules/gavel/store/seal"
)

// intro begins every file of age.
const intro = "age-encryption.org/v1\n"

// workFactor is how hard it is to try passphrases, as a power of 2. Ours are 32
// random bytes, which nobody can try.
const workFactor = 10

// Keys encrypt and decrypt backups. Nil encrypts nothing.
type Keys struct {
	file       string
	recipients []age.Recipient
	identities []age.Identity
}

// ReadKeys reads a key file: lines as in the file of --encryption-key-file, or
// keys of age. New backups are encrypted with the first line; if that is an age
// key, with all lines that are. The result is nil if file is empty.
func ReadKeys(file string) (*Keys, error) {
	if file == "" {
		return nil, nil
	}
	content, err := smallfile.Read(file)
	if err != nil {
		return nil, fmt.Errorf("backup key: %w", err)
	}
	k := &Keys{file: file}
	number := 0
	for line := range strings.Lines(smallfile.Text(content)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := k.add(line); err != nil {
			return nil, fmt.Errorf("backup key in %q, line %d: %w", file, number, err)
		}
	}
	if len(k.recipients)+len(k.identities) == 0 {
		return nil, fmt.Errorf("backup key in %q: no key; make one with: openssl rand -base64 32", file)
	}
	return k, nil
}

// add reads one line. The error never quotes it.
func (k *Keys) add(line string) error {
	switch {
	case strings.HasPrefix(line, "age1"):
		r, err := age.ParseX25519Recipient(line)
		if err != nil {
			return errors.New("not a public key of age; age-keygen prints one that begins with age1")
		}
		k.encryptTo(r)
	case strings.HasPrefix(line, "AGE-SECRET-KEY-1"):
		i, err := age.ParseX25519Identity(line)
		if err != nil {
			return errors.New("not a key of age; make one with: age-keygen")
		}
		k.encryptTo(i.Recipient())
		k.identities = append(k.identities, i)
	default:
		raw, ok := seal.Decode(line)
		if !ok {
			return errors.New("neither 32 bytes of base64 or hex, nor a key of age; make one with: openssl rand -base64 32")
		}
		passphrase := base64.StdEncoding.EncodeToString(raw)
		r, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return err
		}
		r.SetWorkFactor(workFactor)
		i, err := age.NewScryptIdentity(passphrase)
		if err != nil {
			return err
		}
		i.SetMaxWorkFactor(22)
		if len(k.recipients) == 0 {
			k.recipients = []age.Recipient{r}
		}
		k.identities = append(k.identities, i)
	}
	return nil
}

// encryptTo adds a key of age. A passphrase must be the only recipient.
func (k *Keys) encryptTo(r age.Recipient) {
	if len(k.recipients) > 0 {
		if _, ok := k.recipients[0].(*age.ScryptRecipient); ok {
			return
		}
	}
	k.recipients = append(k.recipients, r)
}

// CanOpen reports whether these keys can also decrypt what they encrypt; public
// keys cannot.
func (k *Keys) CanOpen() bool { return len(k.identities) > 0 }

// Encrypt copies a backup, encrypted.
func (k *Keys) Encrypt(to io.Writer, from io.Reader) error {
	w, err := age.Encrypt(to, k.recipients...)
	if err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	if _, err := io.Copy(w, from); err != nil {
		return fmt.Errorf("encrypt: %w", err)
	}
	return w.Close()
}

// Encrypted reports whether what r reads was made by Encrypt, without moving on.
func Encrypted(r *bufio.Reader) bool {
	start, _ := r.Peek(len(intro)) // what is shorter is not
	return string(start) == intro
}

// Decrypt copies what Encrypt has made, decrypted. After an error, what has been
// copied so far must not be used.
func (k *Keys) Decrypt(to io.Writer, from io.Reader) error {
	if k == nil {
		return errors.New("the backup is encrypted; name the file with its key with --key-file")
	}
	if !k.CanOpen() {
		return fmt.Errorf("the key in %q is a public one, which cannot decrypt; name the file with the secret key with --key-file", k.file)
	}
	r, err := age.Decrypt(from, k.identities...)
	var none *age.NoIdentityMatchError
	switch {
	case errors.As(err, &none):
		return fmt.Errorf("the backup is encrypted with another key than those in %q; name the file with its key with --key-file", k.file)
	case err != nil:
		return fmt.Errorf("the backup is damaged: its first part was changed or cut off (%w)", err)
	}
	written := &counted{to: to}
	if _, err := io.Copy(written, r); err != nil {
		if written.err != nil {
			return written.err
		}
		return fmt.Errorf("the backup is damaged: it was changed or cut off after %d bytes (%w); use another one", written.n, err)
	}
	return nil
}

// counted tells an error of the destination from one of the source.
type counted struct {
	to  io.Writer
	n   int64
	err error
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	c.err = err
	return n, err
}
