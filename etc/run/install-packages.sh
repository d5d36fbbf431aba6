#!/usr/bin/env bash
# Installs Debian packages as root without letting any of them start a service or make a database cluster, now or at the
# next boot. What it puts into /etc and /usr/sbin for that moment is taken away again.
#   install-packages.sh PACKAGE…
set -u
log=$(mktemp "${TMPDIR:-/tmp}/budget-packages.XXXXXX") || exit 1
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/budget-no-cluster.conf
mark="# made by run_budget.sh for the moment of an installation"
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

is_ours() { grep -qsF "$mark" "$1"; }

restore() {
	! is_ours "$policy" || rm -f "$policy"
	[ ! -e "$policy.budget-saved" ] || mv -f "$policy.budget-saved" "$policy"
	rm -f "$cluster"
	rmdir /etc/postgresql-common/createcluster.d /etc/postgresql-common 2>/dev/null
}

prepare() {
	restore # of a run that was killed
	[ ! -e "$policy" ] || mv "$policy" "$policy.budget-saved"
	printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
	chmod 755 "$policy"
	mkdir -p "${cluster%/*}"
	printf '%s\ncreate_main_cluster = false\nstart_conf = manual\n' "$mark" >"$cluster"
}

is_installed() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed'; }

install() {
	apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=120 \
		install --no-install-recommends "$@" >>"$log" 2>&1
}

# A service that came with this installation does not start at the next boot either.
keep_off() {
	local unit
	for unit in "$@"; do
		[ ! -e "/lib/systemd/system/$unit.service" ] || systemctl disable "$unit.service" >>"$log" 2>&1
		[ ! -e "/etc/init.d/$unit" ] || update-rc.d "$unit" disable >>"$log" 2>&1
	done
}

new=
is_installed lighttpd || new="$new lighttpd"
is_installed postgresql-common || new="$new postgresql"
trap restore EXIT
trap 'exit 1' INT TERM HUP
prepare
if ! install "$@"; then
	apt-get -q update >>"$log" 2>&1
	if ! install "$@"; then
		mv -f "$log" "${TMPDIR:-/tmp}/budget-packages.log"
		exit 1
	fi
fi
# shellcheck disable=SC2086 # words wanted
keep_off $new
rm -f "$log"
