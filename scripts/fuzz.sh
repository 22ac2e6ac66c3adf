#!/bin/sh
# go test fuzzes one target of one package at a time. What it finds interesting stays in Go's cache for the next run; what
# fails goes to testdata/fuzz of the package, is committed with the fix, and runs with every go test from then on.
set -eu
cd "$(dirname "$0")/.."
time=${1:-10m}
go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./... | while read -r package; do
	go test -list '^Fuzz' "$package" | grep '^Fuzz' | while read -r target; do
		echo "$package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" </dev/null || exit 1
	done || exit 1
done
