#!/bin/sh
# Has a running suite of the OpenID Foundation test this program. The suite is at CONFORMANCE_URL.
#   CONFORMANCE_ISSUER    what the suite reaches us by, https://HOST:PORT (default https://localhost:9443); also where
#                         something else that listens on CONFORMANCE_LISTEN (default :PORT) leads to
#   CONFORMANCE_CERT/_KEY certificate for it; default: one that we sign ourselves, which the suite takes
#   CONFORMANCE_PLANS     regular expression of the plans; default all
#   CONFORMANCE_TOKEN     token of the suite's API; a suite in developer mode wants none
#   CONFORMANCE_INSECURE  set: take the suite's own certificate as it is, a suite on this machine
# Addresses of the suite that are private are only called (jwks_uri, logos, logout) where the issuer is localhost or
# PRATU_OUTBOUND_NETWORKS names their network; SSL_CERT_FILE names what signed the suite's certificate.
set -eu
cd "$(dirname "$0")/.."
issuer=${CONFORMANCE_ISSUER:-https://localhost:9443}
host=${issuer#https://}
port=${host##*:}
[ "$port" != "$host" ] || port=443
dir=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || :; rm -rf "$dir"' EXIT INT TERM
server=
cert=${CONFORMANCE_CERT:-$dir/cert.pem}
key=${CONFORMANCE_KEY:-$dir/key.pem}
[ -n "${CONFORMANCE_CERT:-}" ] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
	-subj "/CN=${host%:*}" -addext "subjectAltName=DNS:${host%:*}" -keyout "$key" -out "$cert" 2>/dev/null

go build -o "$dir/pratu" .
export PRATU_ISSUER="$issuer" PRATU_LISTEN="${CONFORMANCE_LISTEN:-:$port}" PRATU_OPS_LISTEN=off PRATU_DATA_DIR="$dir/data" \
	PRATU_TLS_CERT="$cert" PRATU_TLS_KEY="$key" PRATU_MAIL="file:$dir/mail" PRATU_LOG_LEVEL=warn PRATU_LOG_FORMAT=json \
	PRATU_REGISTRATION=open PRATU_REGISTRATION_REQUIRE_PKCE=false PRATU_SESSION_MANAGEMENT=true PRATU_ENABLE_FRONT_CHANNEL_TOKENS=true
PRATU_SECRET_KEY=$(openssl rand -base64 32)
PRATU_LIMITS=register.address=100000/1h
export PRATU_SECRET_KEY PRATU_LIMITS
password=$(openssl rand -hex 16)
mkdir -p "$dir/data"
cat >"$dir/person.json" <<'PERSON'
{"name": "Mali Saelim", "given_name": "Mali", "family_name": "Saelim", "middle_name": "Dao", "nickname": "Nok",
 "preferred_username": "mali", "profile": "https://example.com/mali", "picture": "https://example.com/mali.png",
 "website": "https://example.com", "gender": "female", "birthdate": "1990-01-31", "zoneinfo": "Asia/Bangkok",
 "locale": "en-US", "email": "mali@example.com", "phone_number": "+66815558888",
 "address": {"formatted": "1 Moon Muang Road, Chiang Mai 50200", "locality": "Chiang Mai", "postal_code": "50200", "country": "TH"}}
PERSON
printf %s "$password" | "$dir/pratu" account create -f "$dir/person.json" --verified --password-stdin >/dev/null
"$dir/pratu" serve 2>"$dir/log" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
	curl -ksf --noproxy '*' "$issuer/.well-known/openid-configuration" >/dev/null && break
	kill -0 "$server" 2>/dev/null || { cat "$dir/log" >&2; exit 1; }
	sleep 1
done
code=0
go run ./tools/conformance -issuer "$issuer" -username mali@example.com -password "$password" -rotate "$dir/pratu key rotate" || code=$?
cat "$dir/log" >&2
exit "$code"
