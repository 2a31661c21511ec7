# shellcheck shell=bash
# A folder in memory for the files of tests: their databases are thrown away, so
# they need not wait for the disk. Sourced by scripts/test.

memory=

# use_memory sets TMPDIR to a folder in memory, unless it is set already, there
# is less than 6 GB for it, or programs cannot be run from there.
use_memory() {
	[ -z "${TMPDIR:-}" ] || return 0
	local free
	free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1) || return 0
	[ "${free:-0}" -ge 6000000 ] && awk '/^MemAvailable:/ { exit $2 < 12000000 }' /proc/meminfo || return 0
	memory=$(mktemp -d /dev/shm/gavel-test.XXXXXX) || return 0
	chmod 1777 "$memory"
	printf '#!/bin/sh\n' >"$memory/program"
	chmod 755 "$memory/program"
	if ! "$memory/program" 2>/dev/null; then
		free_memory
		return 0
	fi
	export GOTMPDIR=${GOTMPDIR:-/tmp} TMPDIR=$memory
}

free_memory() {
	[ -z "$memory" ] || rm -rf "$memory"
	memory=
}
