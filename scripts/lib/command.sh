# shellcheck shell=bash
# Running one long command so that a signal to the script ends the command and
# its children at once. Sourced by scripts/test and scripts/with-services.

command_pid=

# run_command COMMAND… runs it in a process group of its own and returns its
# exit status.
run_command() {
	local code=0
	set -m
	"$@" <&0 &
	command_pid=$!
	set +m
	wait "$command_pid" || code=$?
	command_pid=
	return "$code"
}

# stop_command ends the running command, if there is one.
stop_command() {
	[ -n "$command_pid" ] || return 0
	kill -s TERM -- "-$command_pid" 2>/dev/null || true
	wait "$command_pid" 2>/dev/null || true
	command_pid=
}

# on_exit FUNCTION calls it however the script ends.
on_exit() {
	# shellcheck disable=SC2064 # the name is meant now
	trap "trap - EXIT; trap '' INT TERM HUP; $1" EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}
