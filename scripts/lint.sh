#!/bin/sh
# Both linters in every module. The vulnerability database needs the network: without it govulncheck is skipped, loudly.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
code=0
for module in . e2e bench; do
	echo "golangci-lint $module"
	(cd $module && "$root/bin/golangci-lint" run --config "$root/.golangci.yml" ./...) || code=1
done
for module in . e2e bench; do
	echo "govulncheck $module"
	if out=$("$root/bin/govulncheck" -C $module ./... 2>&1); then
		echo "$out" | tail -n 3
	elif echo "$out" | grep -q 'fetching vulnerabilities\|dial tcp\|no such host\|connection refused'; then
		echo "SKIPPED: the vulnerability database can't be reached" >&2
		break
	else
		echo "$out"
		code=1
	fi
done
exit $code
