# Production asks for keys and TLS (or a proxy that does TLS), and so does any address but loopback for keys. Sourced.

production_check() {
	local lines=
	secrets_of_home
	if [ "$BUDGET_ENV" = production ]; then
		[ -n "$BUDGET_ADMIN_KEY" ] || lines="an admin key (BUDGET_ADMIN_KEY)"
		if [ -z "$BUDGET_TLS_CERTIFICATE" ] && [ -z "$BUDGET_TRUSTED_PROXY" ]; then
			lines="${lines:+$lines and }TLS (BUDGET_TLS_CERTIFICATE and BUDGET_TLS_KEY, or BUDGET_TRUSTED_PROXY)"
		fi
		[ -z "$lines" ] || {
			warn "BUDGET_ENV=production needs $lines. The next lines make them and start:"
			say "  $(again home port) --init-production" >&2
			say "  BUDGET_ENV=production $(again home port) --daemon" >&2
			exit $EX_CONFIG
		}
	elif ! is_loopback_only && [ -z "$BUDGET_ADMIN_KEY" ]; then
		warn "BUDGET_BIND=$BUDGET_BIND lets other machines in, and that needs a key. The next lines make one and start:"
		say "  $(again home port) --init-production" >&2
		say "  BUDGET_BIND=$BUDGET_BIND $(again home port) --daemon" >&2
		exit $EX_CONFIG
	fi
}

# What --init-production made, where the settings name nothing else.
secrets_of_home() {
	local home=$BUDGET_HOME
	if is_root && [ "$HOME_IS_DEFAULT" = yes ] && [ ! -d "$home/secrets" ]; then
		home=/var/lib/budget
	fi
	if [ -z "$BUDGET_ADMIN_KEY" ] && [ -r "$home/secrets/admin.key" ]; then
		BUDGET_ADMIN_KEY=$(cat "$home/secrets/admin.key")
	fi
	[ "$BUDGET_ENV" = production ] || return 0
	if [ -z "$BUDGET_TLS_CERTIFICATE" ] && [ -r "$home/tls/certificate.pem" ]; then
		BUDGET_TLS_CERTIFICATE=$home/tls/certificate.pem
		BUDGET_TLS_KEY=$home/tls/key.pem
	fi
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

init_production() {
	prepare_app
	make_home
	if [ ! -s "$BUDGET_HOME/secrets/admin.key" ]; then
		printf 'bgt_%s_%s\n' "$(openssl rand 12 | base64url | tr -dc 'A-Za-z0-9' | cut -c1-8)" "$(openssl rand 32 | base64url)" |
			(umask 077 && as_account tee "$BUDGET_HOME/secrets/admin.key") >/dev/null
	fi
	as_account mkdir -p -m 0700 "$BUDGET_HOME/tls"
	if [ ! -s "$BUDGET_HOME/tls/certificate.pem" ]; then
		as_account openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj "/CN=$BUDGET_HOST" \
			-addext "subjectAltName=DNS:$BUDGET_HOST,DNS:localhost,IP:127.0.0.1,IP:::1" \
			-keyout "$BUDGET_HOME/tls/key.pem" -out "$BUDGET_HOME/tls/certificate.pem" 2>/dev/null ||
			die $EX_SOFTWARE "openssl could not make a certificate"
		as_account chmod 600 "$BUDGET_HOME/tls/key.pem"
	fi
	say "Admin key:    $BUDGET_HOME/secrets/admin.key"
	say "Certificate:  $BUDGET_HOME/tls/certificate.pem (self-signed for $BUDGET_HOST; a real one:"
	say "              BUDGET_TLS_CERTIFICATE and BUDGET_TLS_KEY)"
	say "Next:         BUDGET_ENV=production $(again home port) --daemon"
	say "Then:         curl --cacert $BUDGET_HOME/tls/certificate.pem \\"
	say "                   -H \"X-API-Key: \$(cat $BUDGET_HOME/secrets/admin.key)\" https://$BUDGET_HOST:$BUDGET_PORT/api/v1/budgets"
}
