// Package copies keeps backups as files: encrypted when there is a key, named by
// the moment that they show, and removed when there are enough newer ones.
//
// Encrypted backups are in the format of age (age-encryption.org), so that they
// can be opened without Gavel too. Each 64 KiB of it are authenticated.
package copies
