# shellcheck shell=bash
# A private PostgreSQL. Sourced by scripts/test and scripts/with-services.

# postgres_bin prints the folder of the newest installed server.
postgres_bin() {
	local dir
	dir=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -t/ -k5,5nr | head -n 1)
	if [ -x "$dir/initdb" ] && [ -x "$dir/postgres" ]; then
		echo "$dir"
		return 0
	fi
	dir=$(command -v initdb) && dirname "$(readlink -f "$dir")"
}

# start_postgres DIR starts a server that keeps everything below DIR, and
# exports GAVEL_TEST_POSTGRES and, of its socket, GAVEL_TEST_POSTGRES_SOCKETS. Its
# data is thrown away, so it does not wait for
# the disk unless GAVEL_POSTGRES_DURABLE=1 is set. SIGINT stops it without
# waiting for its clients.
start_postgres() {
	local dir=$1 bin port try password=gavel-test
	local log=$dir/postgres.log durable=off
	[ "${GAVEL_POSTGRES_DURABLE:-0}" != 1 ] || durable=on
	bin=$(postgres_bin) || return 1
	printf '%s' "$password" >"$dir/password"
	"${unprivileged[@]}" "$bin/initdb" --pgdata="$dir/data" --username=gavel --pwfile="$dir/password" \
		--auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 \
		--no-sync >"$log" 2>&1 || { show_log "$log"; return 1; }
	for try in 1 2 3; do
		port=$(free_port) || return 1
		start_service INT "$log" "$bin/postgres" -D "$dir/data" -p "$port" -k "$dir" \
			-c listen_addresses=127.0.0.1 -c max_connections=200 \
			-c fsync=$durable -c synchronous_commit=$durable -c full_page_writes=$durable
		if wait_for $! 60 "$bin/pg_isready" -q -h "$dir" -p "$port"; then
			"$bin/createdb" -h "$dir" -p "$port" -U gavel gavel || return 1
			export GAVEL_TEST_POSTGRES="postgres://gavel:$password@127.0.0.1:$port/gavel?sslmode=disable"
			export GAVEL_TEST_POSTGRES_SOCKETS=$dir
			postgres_summary="$("$bin/postgres" --version | sed 's/^postgres //; s/^(PostgreSQL)/PostgreSQL/') on 127.0.0.1:$port"
			return 0
		fi
	done
	show_log "$log"
	return 1
}
