#!/bin/sh
# What a person does with a release, on a machine that has only Debian. It runs
# as root after the machine has started; /ship has the packages.
set -eu
export DEBIAN_FRONTEND=noninteractive PAGER=cat
secret=secret-of-the-webhook
environment=/etc/gavel/environment
database=sqlite:/var/lib/gavel/gavel.db

step() { printf '%s s  %s\n' "$(cut -d' ' -f1 /proc/uptime)" "$*"; }
fail() {
	printf 'FAILED: %s\n' "$*"
	journalctl --no-pager --unit gavel --lines 40 || true
	exit 1
}
# until_true WHAT COMMAND… waits until the command succeeds.
until_true() {
	what=$1
	shift
	tries=0
	until "$@" >/dev/null 2>&1; do
		tries=$((tries + 1))
		[ $tries -lt 300 ] || fail "waited a minute for $what"
		sleep 0.2
	done
}
is() { [ "$2" = "$3" ] || fail "$1 is \"$2\", not \"$3\""; }
# received N WORD waits until the stand-in has N messages with the word.
received() { until_true "$1 messages with $2" has "$1" "$2"; }
has() { [ "$(grep -c "$2" /ship/received)" = "$1" ]; }
ready() { until_true "gavel health --ready" gavel health --ready; }
send() { gavel send --secret $secret --event scheduling.smartscheduler.scheduled --set "meeting.meetingInfo.meetingName=$1"; }
# stored WORD… wants the events of these meetings in the database, and no others.
stored() {
	got=$(gavel events list --server http://127.0.0.1:8081 --output json | grep -o '"Meeting-[a-z]*"' | sort -u | tr -d '"' | xargs)
	is "what is stored" "$got" "$*"
}
set_to() { sed -i "s|^$1=.*|$1=$(printf %s "$2" | sed 's/&/\\&/g')|" $environment; }

step "install the package"
apt-get install --quiet=2 --yes --no-install-recommends /ship/old.deb
is "the version" "$(gavel version | cut -d' ' -f2)" 1.0.0
is "the owner of the settings" "$(stat -c '%a %U:%G' $environment)" "640 root:gavel"
is "the owner of the rules" "$(stat -c '%a %U:%G' /etc/gavel/rules)" "750 root:gavel"
is "the owner of the data" "$(stat -c '%a %U:%G' /var/lib/gavel)" "750 gavel:gavel"
is "the service before it is set up" "$(systemctl is-active gavel || true), $(systemctl is-enabled gavel || true)" "inactive, disabled"

step "the demo needs nothing else"
(cd /tmp && gavel demo --once >/ship/demo 2>&1) || fail "$(cat /ship/demo)"

step "gavel init"
gavel init /etc/gavel/rules --with http --for none --yes
mv /etc/gavel/rules/gavel.env $environment
chown root:gavel $environment && chmod 640 $environment
set_to GAVEL_SIGNING_SECRET $secret
set_to CRM_URL http://127.0.0.1:9000
set_to CRM_TOKEN token-of-the-crm
cat >/etc/gavel/rules/reminder.yaml <<'END'
rules:
  - name: reminder
    event: scheduling.smartscheduler.scheduled
    when: meeting.meetingInfo.meetingName == "Meeting-late"
    actions:
      - wait: { for: 2h }
      - http: { connection: crm, method: POST, url: /reminders, json: { reminder: "${{ meeting.meetingInfo.meetingName }}" } }
END
(cd /etc/gavel/rules && gavel check --env-file $environment . && gavel test --env-file $environment)
export GAVEL_SERVER_TOKEN="$(sed -n 's/^GAVEL_CONSOLE_TOKEN=//p' $environment)"

step "systemd-analyze verify"
systemd-analyze verify gavel.service

step "start"
systemctl enable --now gavel
ready

step "gavel doctor"
runuser -u gavel -- gavel doctor --env-file $environment --rules /etc/gavel/rules --database $database || fail "gavel doctor has found something"
gavel doctor --server http://127.0.0.1:8081 || fail "gavel doctor has found something"

step "an event, a message"
send Meeting-one
received 1 Meeting-one

step "backup"
runuser -u gavel -- gavel backup /var/lib/gavel/backup.db --server http://127.0.0.1:8081

step "kill -9"
send Meeting-two
before=$(systemctl show --property MainPID --value gavel)
kill -9 "$before"
ready
[ "$(systemctl show --property MainPID --value gavel)" != "$before" ] || fail "it was not started again"
received 1 Meeting-two
stored Meeting-one Meeting-two

step "restore"
systemctl stop gavel
runuser -u gavel -- gavel restore /var/lib/gavel/backup.db --database $database --force --yes
systemctl start gavel
ready
stored Meeting-one

step "upgrade"
before=$(systemctl show --property MainPID --value gavel)
apt-get install --quiet=2 --yes --no-install-recommends /ship/new.deb
is "the version" "$(gavel version | cut -d' ' -f2)" 1.0.1
[ "$(systemctl show --property MainPID --value gavel)" != "$before" ] || fail "the service was not restarted"
ready
grep -q $secret $environment || fail "the upgrade has changed the settings"
stored Meeting-one
received 1 Meeting-one

if [ -n "${SHIP_POSTGRES:-}" ]; then
	step "copy to PostgreSQL"
	send Meeting-late
	received 1 Meeting-late
	systemctl stop gavel
	runuser -u gavel -- gavel copy --from $database --to "$SHIP_POSTGRES"
	! runuser -u gavel -- timeout 10 gavel serve --env-file $environment --rules /etc/gavel/rules --database $database ||
		fail "the copied database is still served"
	set_to GAVEL_DATABASE "$SHIP_POSTGRES"
	systemctl start gavel || fail "it does not start with PostgreSQL"
	ready
	stored Meeting-late Meeting-one
	run=$(gavel runs list --server http://127.0.0.1:8081 --status waiting | grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | head -n 1)
	gavel runs run-now "$run" --yes --server http://127.0.0.1:8081
	received 1 '"reminder"'
	send Meeting-two
	received 2 Meeting-two
	received 1 Meeting-one
fi

step "remove"
apt-get remove --quiet=2 --yes gavel
is "the service" "$(systemctl is-active gavel || true)" inactive
[ -e /etc/gavel/environment ] && [ -e /etc/gavel/rules/rules.yaml ] && [ -e /var/lib/gavel/gavel.db ] || fail "remove has removed data"
[ ! -e /usr/bin/gavel ] || fail "the program is still there"

step "purge"
apt-get purge --quiet=2 --yes gavel
[ ! -e /etc/gavel ] && [ ! -e /var/lib/gavel ] || fail "purge has left data"
! getent passwd gavel || fail "purge has left the user"
is "what remains" "$(find / -xdev \( -path /ship -o -path /proc -o -path /sys -o -path /run \) -prune -o -iname '*gavel*' -print)" ""
step "done"
