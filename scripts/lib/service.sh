# shellcheck shell=bash
# Starting and stopping private servers. Sourced by scripts/with-services.

services=() # "process id, signal that stops it", in the order of their start

# service_user is who the servers run as: this user, or nobody when this user
# is root, which PostgreSQL refuses.
service_user() {
	if [ "$(id -u)" -eq 0 ]; then echo nobody; else id -un; fi
}

# unprivileged is put before a command to run it as that user, without a way to
# gain a privilege (exim4 is set-uid root on Debian).
unprivileged=(setpriv --no-new-privs)
[ "$(id -u)" -ne 0 ] || unprivileged+=(--reuid nobody --regid "$(id -g nobody)" --clear-groups)
unprivileged+=(--)

# start_service SIGNAL LOG COMMAND… starts a server that SIGNAL stops, and
# leaves its process id in $!. Call it without a function or subshell in between:
# the id must be the server's own.
start_service() {
	local signal=$1 log=$2
	shift 2
	"${unprivileged[@]}" "$@" >>"$log" 2>&1 </dev/null &
	services+=("$! $signal")
}

stop_service() {
	local pid=$1 signal=$2 tick
	kill -s "$signal" "$pid" 2>/dev/null || return 0
	for tick in $(seq 100); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -s KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# stop_services stops the servers started here, newest first, and nothing else.
stop_services() {
	local i
	for ((i = ${#services[@]} - 1; i >= 0; i--)); do
		# shellcheck disable=SC2086 # two words are meant
		stop_service ${services[i]}
	done
	services=()
}

port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
	local port try
	for try in $(seq 50); do
		port=$((20000 + RANDOM % 12000))
		port_is_open "$port" || { echo "$port"; return 0; }
	done
	return 1
}

# wait_for PID SECONDS COMMAND… waits until the command succeeds; it gives up
# early when the process has exited.
wait_for() {
	local pid=$1 ticks=$(($2 * 10)) tick
	shift 2
	for ((tick = 0; tick < ticks; tick++)); do
		"$@" >/dev/null 2>&1 && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.1
	done
	return 1
}
