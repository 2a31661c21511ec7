// Package backups makes a backup of the SQLite database every so often, and
// keeps the newest ones.
package backups
