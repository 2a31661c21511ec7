// Package ship installs what a release consists of on a machine that has nothing
// but Debian: from the package to a message, through a crash, a restore, an
// upgrade and the move to PostgreSQL, until the package is purged. The machine is
// a container of systemd's own, with a network of its own.
package ship
