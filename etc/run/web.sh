# Configuration of lighttpd from etc/lighttpd.conf.in, routes.tsv and problems.tsv. Sourced.

routes() { grep -v '^#' "$ETC/routes.tsv"; }

# fastcgi.server entries, prefixes of a program's segments; the rest of /api and the root paths come last.
web_fastcgi() {
	routes | awk -F '\t' -v run="$RUN" '
		function row(prefix, program) {
			printf "\t\"%s\" => (( \"socket\" => \"%s/%s.sock\", \"check-local\" => \"disable\", \"disable-time\" => 0 )),\n",
				prefix, run, program
		}
		{ n = split($3, segment, " ")
		  for (i = 1; i <= n; i++)
			if ($2 == "api") { row("/api/v1/" segment[i], $1); row("/api/" segment[i], $1) } else row("/" segment[i], $1) }
	' | sed '$s/,$//'
}

web_problems() {
	local status code title detail
	while IFS=$'\t' read -r status code title detail; do
		case $status in '#'* | '') continue ;; esac
		detail=${detail//\"/\\\"}
		printf '{"type":"urn:budget:error:%s","title":"%s","status":%s,"detail":"%s","code":"%s","error":"%s"}\n' \
			"$code" "$title" "$status" "$detail" "$code" "$detail" | as_account tee "$RUN/problems/problem-$status.html" >/dev/null
	done <"$ETC/problems.tsv"
}

web_problem_types() {
	awk -F '\t' '!/^#/ && NF { printf "\t\"problem-%s.html\" => \"application/problem+json\",\n", $1 }' "$ETC/problems.tsv"
}

bracketed() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }

# The other addresses; and, in production, TLS on all of them.
web_sockets() {
	local address first=yes
	for address in $(bind_addresses); do
		if [ $first = no ]; then
			if is_tls; then
				printf '$SERVER["socket"] == "%s:%s" { ssl.engine = "enable" }\n' "$(bracketed "$address")" "$BUDGET_PORT"
			else
				printf '$SERVER["socket"] == "%s:%s" { }\n' "$(bracketed "$address")" "$BUDGET_PORT"
			fi
		fi
		first=no
	done
}

is_tls() { [ -n "$BUDGET_TLS_CERTIFICATE" ]; }

web_tls() {
	is_tls || return 0
	printf 'ssl.engine = "enable"\nssl.pemfile = "%s"\nssl.privkey = "%s"\n' "$BUDGET_TLS_CERTIFICATE" "$BUDGET_TLS_KEY"
	printf 'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1.2")\n'
}

write_web_config() {
	local first hsts='' modules=''
	first=$(bind_addresses | head -n 1)
	if is_tls; then
		modules=', "mod_openssl"'
		hsts=' "Strict-Transport-Security" => "max-age=31536000; includeSubDomains",'
	fi
	web_problems
	FIRST_ADDRESS=$first PORT=$BUDGET_PORT DATA=$APP/share/budget LOGS=$BUDGET_HOME/log RUN=$RUN MODULES=$modules HSTS=$hsts \
		PROBLEM_TYPES=$(web_problem_types) FASTCGI=$(web_fastcgi) SOCKETS=$(web_sockets) TLS=$(web_tls) \
		awk '{
			while (match($0, /@[A-Z_]+@/)) {
				printf "%s%s", substr($0, 1, RSTART - 1), ENVIRON[substr($0, RSTART + 1, RLENGTH - 2)]
				$0 = substr($0, RSTART + RLENGTH)
			}
			print
		}' "$ETC/lighttpd.conf.in" | as_account tee "$RUN/lighttpd.conf" >/dev/null
	as_account lighttpd -tt -f "$RUN/lighttpd.conf" >"$RUN/lighttpd.test" 2>&1 ||
		{ tail -n 3 "$RUN/lighttpd.test" >&2; die $EX_CONFIG "lighttpd does not take $RUN/lighttpd.conf"; }
}

# Who listens on the port: "pid 123 (nginx)", or by account when it is somebody else's. Nothing: it is free.
port_holder() {
	local hex inode uid pid
	hex=$(printf '%04X' "$BUDGET_PORT")
	read -r inode uid < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
		awk -v hex="$hex" '$4 == "0A" { n = split($2, a, ":"); if (a[n] == hex) { print $10, $8; exit } }')
	[ -n "${inode:-}" ] || return 1
	for pid in /proc/[0-9]*; do
		if find "$pid/fd" -maxdepth 1 -lname "socket:\[$inode\]" 2>/dev/null | grep -q .; then
			echo "pid ${pid#/proc/} ($(tr '\0' ' ' <"$pid/cmdline" 2>/dev/null | cut -c1-80 | sed 's/ *$//'))"
			return 0
		fi
	done
	echo "a process of account $(getent passwd "$uid" | cut -d: -f1 || echo "$uid")"
}

check_port() {
	local holder
	holder=$(port_holder) || return 0
	die $EX_UNAVAILABLE "port $BUDGET_PORT is held by $holder; stop it, or choose another: BUDGET_PORT=$((BUDGET_PORT + 1)) $(again home)"
}

base_url() {
	local host=$BUDGET_HOST
	is_loopback_only && host=localhost
	if is_tls; then echo "https://$BUDGET_HOST:$BUDGET_PORT"; else echo "http://$host:$BUDGET_PORT"; fi
}

# Where the web server listens, for whoever asks later: scheme, address, port.
write_endpoint() {
	local address scheme=http
	address=$(bind_addresses | head -n 1)
	case $address in 0.0.0.0) address=127.0.0.1 ;; ::) address=::1 ;; esac
	! is_tls || scheme=https
	printf '%s %s %s\n' "$scheme" "$(bracketed "$address")" "$BUDGET_PORT" | as_account tee "$RUN/endpoint" >/dev/null
	base_url | as_account tee "$RUN/url" >/dev/null
}

# http_get PATH: status code on the last line, body before it. Asks the address we listen on, whatever the name says.
http_get() {
	local scheme address port
	read -r scheme address port 2>/dev/null <"$RUN/endpoint" || return 1
	curl -q -s -k -g --noproxy '*' --max-time 5 -w '\n%{http_code}' -H "Host: localhost:$port" "$scheme://$address:$port$1"
}
