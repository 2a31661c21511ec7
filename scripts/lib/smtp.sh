# shellcheck shell=bash
# A private mail server: exim4 with STARTTLS and AUTH, delivering everything to
# one Maildir. Sourced by scripts/test and scripts/with-services.

exim_bin() { command -v exim4 || { [ -x /usr/sbin/exim4 ] && echo /usr/sbin/exim4; }; }

# start_smtp DIR starts a server that keeps everything below DIR, and exports
# the GAVEL_TEST_SMTP… variables.
start_smtp() {
	local dir=$1 bin port try log
	log=$dir/smtp.log
	bin=$(exim_bin) || return 1
	export GAVEL_TEST_SMTP_USER=gavel GAVEL_TEST_SMTP_PASSWORD=gavel-test
	export GAVEL_TEST_SMTP_MAILDIR=$dir/maildir GAVEL_TEST_SMTP_CA=$dir/cert.pem
	mkdir -p "$dir/maildir/new" "$dir/maildir/cur" "$dir/maildir/tmp"
	(cd "$dir" && CGO_ENABLED=0 go run "$(go env GOROOT)/src/crypto/tls/generate_cert.go" \
		--host localhost,127.0.0.1 --ca --ecdsa-curve P256) >"$log" 2>&1 || { show_log "$log"; return 1; }
	give_away "$dir"
	for try in 1 2 3; do
		port=$(free_port) || return 1
		exim_configuration "$dir" "$port" >"$dir/exim.conf"
		start_service TERM "$log" "$bin" -C "$dir/exim.conf" -bdf -q1m
		if wait_for $! 20 port_is_open "$port"; then
			export GAVEL_TEST_SMTP=127.0.0.1:$port
			smtp_summary="$("$bin" --version | sed -n '1s/^\(Exim version [^ ]*\).*/\1/p') on 127.0.0.1:$port"
			return 0
		fi
	done
	show_log "$log"
	show_log "$dir/paniclog"
	return 1
}

# exim_configuration DIR PORT prints the configuration. Two local parts let a
# test see a refusal: reject@… is refused permanently, defer@… temporarily.
exim_configuration() {
	cat <<-CONF
		primary_hostname = localhost
		local_interfaces = 127.0.0.1
		daemon_smtp_ports = $2
		exim_user = $(service_user)
		exim_group = $(id -gn "$(service_user)")
		spool_directory = $1/spool
		log_file_path = $1/%slog
		pid_file_path = $1/exim.pid
		deliver_drop_privilege = true
		never_users =
		host_lookup =
		smtp_accept_max = 200
		smtp_accept_reserve = 0
		message_size_limit = 50M
		add_environment = PATH=/usr/bin:/bin
		keep_environment =
		tls_certificate = $1/cert.pem
		tls_privatekey = $1/key.pem
		tls_advertise_hosts = *
		auth_advertise_hosts = \${if def:tls_in_cipher {*}{}}
		acl_smtp_rcpt = recipients

		begin acl
		recipients:
		  deny    message = authentication required
		          !authenticated = *
		  deny    message = mailbox unavailable
		          local_parts = reject
		  defer   message = try again later
		          local_parts = defer
		  accept

		begin routers
		everything:
		  driver = accept
		  transport = maildir

		begin transports
		maildir:
		  driver = appendfile
		  directory = $1/maildir
		  maildir_format
		  envelope_to_add
		  return_path_add
		  mode = 0644

		begin authenticators
		plain:
		  driver = plaintext
		  public_name = PLAIN
		  server_condition = \${if and{{eq{\$auth2}{$GAVEL_TEST_SMTP_USER}}{eq{\$auth3}{$GAVEL_TEST_SMTP_PASSWORD}}}}
		  server_set_id = \$auth2
		login:
		  driver = plaintext
		  public_name = LOGIN
		  server_prompts = <| Username: | Password:
		  server_condition = \${if and{{eq{\$auth1}{$GAVEL_TEST_SMTP_USER}}{eq{\$auth2}{$GAVEL_TEST_SMTP_PASSWORD}}}}
		  server_set_id = \$auth1
	CONF
}
