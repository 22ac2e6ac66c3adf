#!/bin/sh
# Every suite, with the race detector, on both databases: what make test and CI run.
set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh

unformatted=$(git ls-files -co --exclude-standard '*.go' | while read -r f; do [ ! -f "$f" ] || gofmt -l "$f"; done)
if [ -n "$unformatted" ]; then
	printf 'gofmt would change:\n%s\n' "$unformatted" >&2
	exit 1
fi

race=-race
if ! command -v "$(go env CC)" >/dev/null; then
	race=
	echo "WITHOUT the race detector: no C compiler" >&2
	[ "${CI:-}" != true ] || exit 1
fi
# SQLite is C that was translated to Go; instrumenting its every access doubles the time and finds nothing of ours.
[ -z "$race" ] || export GOFLAGS="${GOFLAGS:-} '-gcflags=modernc.org/...=-race=false -d=checkptr=0'"
for module in . e2e bench; do
	go -C $module vet $race ./...
done
exec scripts/with-postgres.sh go run ./tools/testreport -dirs .,e2e,bench -first server,cli -- $race -vet=off -timeout 20m "$@"
