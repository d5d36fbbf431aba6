#!/usr/bin/env bash
# Starts Budget on a Debian 12, from nothing: packages, build, private database, handlers, web server.
#   ./run_budget.sh              in the foreground; Ctrl-C stops all of it
#   ./run_budget.sh --debug      the same, with debug logs shown
#   ./run_budget.sh --daemon     returns when it is ready
#   ./run_budget.sh status | stop | destroy [--yes]
#   ./run_budget.sh --init-production   makes an admin key and a certificate
# Settings: environment, .env.budget, config.yaml (BUDGET_PORT 8013, BUDGET_HOME ./var, BUDGET_BIND, BUDGET_DATABASE_URL …).
# Exit codes: 0 well, 64 wrong words, 69 something to install or a port in use, 70 failed, 77 no permission, 78 settings.
set -u
SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
ETC=$SOURCE/etc
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
BUILD=${BUDGET_BUILD_DIR:-$SOURCE/build}
COMMAND=start MODE=foreground DEBUG=no ASSUME_YES=no IS_PRIVATE=no

for part in base settings packages build home cluster web serve control production; do
	# shellcheck source=/dev/null
	. "$ETC/run/$part.sh"
done

usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }

while [ $# -gt 0 ]; do
	case $1 in
	--debug) DEBUG=yes ;;
	--daemon) MODE=daemon ;;
	--yes) ASSUME_YES=yes ;;
	start | stop | status | destroy) COMMAND=$1 ;;
	--init-production) COMMAND=init_production ;;
	-h | --help)
		usage
		exit 0
		;;
	*)
		usage >&2
		die $EX_USAGE "unknown word: $1"
		;;
	esac
	shift
done

if [ "$DEBUG" = yes ]; then
	export BUDGET_DEBUG=true BUDGET_LOG_LEVEL=${BUDGET_LOG_LEVEL:-DEBUG}
fi
home_setting
$COMMAND
