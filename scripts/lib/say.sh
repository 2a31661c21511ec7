# shellcheck shell=bash
# Messages, and how a script ends. Sourced by the scripts in the parent folder.

say() { printf '==> %s\n' "$*"; }

warn() { printf '!!! %s\n' "$*" >&2; }

# die PROBLEM REMEDY ends the script and prints each on its own line.
die() {
	warn "$1"
	if [ $# -gt 1 ]; then printf '    %s\n' "${@:2}" >&2; fi
	exit 1
}

in_ci() { [ "${CI:-}" = true ]; }

# show_log FILE prints the end of a log, indented, so that the cause of a
# failure is next to the message.
show_log() {
	[ -s "$1" ] || return 0
	printf '    last lines of %s:\n' "${1##*/}" >&2
	tail -n 25 "$1" | sed 's/^/    | /' >&2
}

# require_go finds the go command, also in its default install location.
require_go() {
	command -v go >/dev/null 2>&1 || PATH=$PATH:/usr/local/go/bin
	command -v go >/dev/null 2>&1 ||
		die "Go is not installed." "Install the version that go.mod names, or newer, from https://go.dev/dl/."
}
