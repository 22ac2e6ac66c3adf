#!/bin/sh
# Looks for what the suites need besides Go, and installs it where that is welcome: as root on Debian or Ubuntu, or with
# CI=true. Elsewhere it prints the one command to run; suites that miss something are skipped, loudly.
set -eu
cd "$(dirname "$0")/.."

missing=
need() { missing="$missing $*"; }

if ! command -v "$(go env CC)" >/dev/null; then need gcc libc6-dev; fi # the race detector
if ! scripts/postgres-bin.sh >/dev/null && [ -z "${PRATU_TEST_POSTGRES:-}" ]; then need postgresql; fi
if ! scripts/chromium.sh >/dev/null; then need chromium; fi
if ! command -v npm >/dev/null || [ "$(node --version 2>/dev/null | sed 's/^v//; s/\..*//')" -lt 20 ]; then
	need nodejs npm
fi
if ! [ -e /usr/lib/apache2/modules/mod_auth_openidc.so ]; then need libapache2-mod-auth-openidc; fi # a relying party
if [ -z "$(fc-list :lang=th family 2>/dev/null)" ]; then need fontconfig fonts-noto-core; fi

if [ -n "$missing" ]; then
	install="apt-get install -y --no-install-recommends$missing"
	if [ "$(id -u)" = 0 ]; then sudo=; else sudo="sudo -n"; fi
	if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || [ "${CI:-}" = true ]; }; then
		echo "setup: installing$missing"
		export DEBIAN_FRONTEND=noninteractive
		# Without this the package would start a server of its own, which nobody here asks anything.
		[ -d /etc/postgresql-common ] || [ "$(id -u)" != 0 ] ||
			{ mkdir -p /etc/postgresql-common && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf; }
		$sudo apt-get update -qq && $sudo $install >/dev/null
	else
		echo "setup: MISSING:$missing" >&2
		echo "setup: on Debian or Ubuntu run: sudo apt-get update && sudo $install" >&2
	fi
fi

# axe-core and the relying parties, as locked. Nothing is asked of the network while they are there.
if command -v npm >/dev/null && ! cmp -s e2e/package-lock.json e2e/node_modules/.lock; then
	if npm --prefix e2e ci --no-audit --no-fund --prefer-offline --loglevel=error; then
		cp e2e/package-lock.json e2e/node_modules/.lock
	else
		echo "setup: npm ci in e2e failed; the suites that need it are skipped" >&2
	fi
fi
