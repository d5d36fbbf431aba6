# Settings for the start. Before anything is built only BUDGET_HOME is needed, and looked for here: environment >
# .env.budget > config.yaml > default. Afterwards the programs' own reader (`budget settings`) says them all. Sourced.

home_setting() {
	local value=${BUDGET_HOME:-}
	case $value in
	'' | /*) ;;
	*) value=$PWD/${value#./} ;;
	esac
	if [ -z "$value" ] && [ -r "$SOURCE/.env.budget" ]; then
		value=$(sed -nE 's/^\s*(export\s+)?BUDGET_HOME\s*=\s*//p' "$SOURCE/.env.budget" | tail -n 1)
	fi
	if [ -z "$value" ] && [ -r "$SOURCE/config.yaml" ]; then
		value=$(awk '/^[^ #]/ { section = $1 } section == "server:" && $1 == "home:" { sub(/^[^:]*:[ \t]*/, ""); print }' \
			"$SOURCE/config.yaml" | tail -n 1)
	fi
	case $value in
	\"*\"*) value=${value#\"} value=${value%%\"*} ;;
	\'*\'*) value=${value#\'} value=${value%%\'*} ;;
	*) value=$(printf '%s' "$value" | sed 's/[[:space:]]\{1,\}#.*$//; s/[[:space:]]*$//') ;;
	esac
	HOME_IS_DEFAULT=no
	case $value in
	'' | ./var | "$SOURCE/var")
		value=$SOURCE/var
		HOME_IS_DEFAULT=yes
		;;
	/*) ;;
	*) value=$SOURCE/${value#./} ;; # a path in a file counts from the project, wherever one stands
	esac
	BUDGET_HOME=$value
}

# read_settings APP: the settings as shell variables of their environment names (not exported).
read_settings() {
	local text log problem
	log=$(mktemp)
	text=$(BUDGET_HOME=$BUDGET_HOME BUDGET_CONFIG_DIR=$SOURCE "$1/bin/budget" settings --shell 2>"$log") || {
		problem=$(tail -n 1 "$log")
		rm -f "$log"
		die $EX_CONFIG "${problem#budget: }"
	}
	[ ! -s "$log" ] || sed 's/^budget: //' "$log" >&2
	rm -f "$log"
	BUDGET_DATABASE_URL='' BUDGET_ADMIN_KEY='' BUDGET_TLS_CERTIFICATE='' BUDGET_TLS_KEY='' BUDGET_TRUSTED_PROXY=''
	eval "$(printf '%s\n' "$text" | grep '^BUDGET_[A-Z_]*=' | grep -v '^BUDGET_HOME=')"
}

# Addresses to listen on. The loopback of a kind the machine does not have is left out.
bind_addresses() {
	local address
	for address in $(printf '%s' "$BUDGET_BIND" | tr ',' ' ' | tr -d '[]'); do
		case $address in
		localhost) address=127.0.0.1 ;;
		::1) grep -qs '^00000000000000000000000000000001 ' /proc/net/if_inet6 || continue ;;
		esac
		echo "$address"
	done
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
