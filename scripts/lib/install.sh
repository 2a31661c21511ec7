# shellcheck shell=bash
# Installs the Debian packages that the tests need. Sourced by scripts/test.

missing_packages() {
	postgres_bin >/dev/null || echo postgresql
	exim_bin >/dev/null || echo exim4-daemon-light
	command -v chromium >/dev/null 2>&1 || printf '%s\n' chromium fonts-liberation
	command -v promtool >/dev/null 2>&1 || echo prometheus
	command -v mmdebstrap >/dev/null 2>&1 || echo mmdebstrap
	command -v systemd-nspawn >/dev/null 2>&1 || echo systemd-container
	command -v openssl >/dev/null 2>&1 || echo openssl
	command -v strace >/dev/null 2>&1 || echo strace
	command -v systemd-analyze >/dev/null 2>&1 || echo systemd
	command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || echo nginx-light
	command -v caddy >/dev/null 2>&1 || echo caddy
	command -v gcc >/dev/null 2>&1 || echo gcc
	[ -e /usr/include/stdlib.h ] || echo libc6-dev
	[ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif in_ci; then
		sudo -n -- "$@"
	else
		sudo -- "$@"
	fi
}

# install_missing installs the missing packages. It removes nothing and
# starts nothing: the tests run private instances.
install_missing() {
	local packages
	mapfile -t packages < <(missing_packages)
	[ ${#packages[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null 2>&1 ||
		die "Missing, and this system has no apt-get: ${packages[*]}" \
			"Install the equivalents, then run: scripts/test --no-install"
	if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
		die "Missing Debian packages, and neither root nor sudo to install them: ${packages[*]}" \
			"Have them installed: apt-get install --no-install-recommends ${packages[*]}" \
			"or run only the tests that do not need them: scripts/test --no-install"
	fi
	say "installing ${packages[*]}"
	hold_services
	apt_get update
	apt_get install --yes --no-install-recommends --no-remove "${packages[@]}"
	release_services
	mapfile -t packages < <(missing_packages)
	[ ${#packages[@]} -eq 0 ] || die "Still missing after installation: ${packages[*]}"
}

# apt_get is tried three times: mirrors time out, and other programs hold the
# package lock.
apt_get() {
	local try log
	log=$(mktemp)
	for try in 1 2 3; do
		if as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet \
			-o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null; then
			rm -f "$log"
			return 0
		fi
		[ "$try" -eq 3 ] || { warn "apt-get $1: attempt $try of 3 failed, trying again"; sleep $((try * 5)); }
	done
	show_log "$log"
	rm -f "$log"
	die "apt-get $1 failed." \
		"If another mail server is installed, exim4 conflicts with it; run: scripts/test --no-install"
}

# hold_services keeps the packages from starting system-wide servers. An existing
# policy is left alone.
hold_services() {
	policy=/usr/sbin/policy-rc.d
	held=no
	[ ! -e "$policy" ] || return 0
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
	held=yes
}

release_services() {
	[ "${held:-no}" = yes ] || return 0
	as_root rm -f "$policy"
	held=no
}
