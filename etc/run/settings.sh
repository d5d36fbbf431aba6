# The few settings needed before anything is built: environment > .env.budget > config.yaml > default. The programs read
# the same files again, strictly (lib/settings.c); here only these lines are looked for. Sourced.

# from_files NAME: value of a `NAME=value` line of .env.budget, else of a `NAME: value` line of config.yaml.
from_files() {
	local value=
	if [ -r "$SOURCE/.env.budget" ]; then
		value=$(sed -n "s/^[[:space:]]*\(export[[:space:]]\{1,\}\)\{0,1\}$1[[:space:]]*=//p" "$SOURCE/.env.budget" | tail -n 1)
	fi
	if [ -z "$value" ] && [ -r "$SOURCE/config.yaml" ]; then
		value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*:[[:space:]]\{1,\}//p" "$SOURCE/config.yaml" | tail -n 1)
	fi
	case $value in
	\"*\"*) value=${value#\"} value=${value%%\"*} ;;
	\'*\'*) value=${value#\'} value=${value%%\'*} ;;
	*) value=$(printf '%s' "$value" | sed 's/[[:space:]]\{1,\}#.*$//; s/^#.*$//; s/^[[:space:]]*//; s/[[:space:]]*$//') ;;
	esac
	printf '%s' "$value"
}

# setting NAME DEFAULT: exports NAME when a layer names it, else sets it for this script only.
setting() {
	local value=${!1:-}
	[ -n "$value" ] || value=$(from_files "$1")
	printf -v "$1" '%s' "${value:-$2}"
}

read_settings() {
	setting PENIA_PORT ''
	setting BUDGET_PORT "${PENIA_PORT:-8013}"
	setting BUDGET_BIND ''
	setting BUDGET_HOST localhost
	setting BUDGET_ENV development
	setting BUDGET_HOME "$SOURCE/var"
	setting BUDGET_DATABASE_URL ''
	setting BUDGET_ADMIN_KEY ''
	setting BUDGET_TLS_CERTIFICATE ''
	setting BUDGET_TLS_KEY ''
	setting BUDGET_TRUSTED_PROXY ''
	case $BUDGET_PORT in
	*[!0-9]* | '') die $EX_CONFIG "BUDGET_PORT is '$BUDGET_PORT': a port is a number from 1 to 65535" ;;
	esac
	[ "$BUDGET_PORT" -ge 1 ] && [ "$BUDGET_PORT" -le 65535 ] ||
		die $EX_CONFIG "BUDGET_PORT is '$BUDGET_PORT': a port is a number from 1 to 65535"
	case $BUDGET_ENV in
	development | production) ;;
	*) die $EX_CONFIG "BUDGET_ENV is '$BUDGET_ENV': it is development or production" ;;
	esac
	case $BUDGET_HOME in
	/*) ;;
	*) BUDGET_HOME=$PWD/$BUDGET_HOME ;;
	esac
	HOME_IS_DEFAULT=no
	[ "$BUDGET_HOME" != "$SOURCE/var" ] || HOME_IS_DEFAULT=yes
}

# Addresses to listen on: loopback, both kinds when the machine has them, else what BUDGET_BIND says.
bind_addresses() {
	case ${BUDGET_BIND:-} in
	'' | localhost)
		echo 127.0.0.1
		grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6 && echo ::1
		return 0
		;;
	*) printf '%s\n' "$BUDGET_BIND" | tr ', ' '\n\n' | tr -d '[]' | sed '/^$/d' ;;
	esac
}

is_loopback_only() {
	local address
	for address in $(bind_addresses); do
		case $address in
		127.* | ::1) ;;
		*) return 1 ;;
		esac
	done
}
