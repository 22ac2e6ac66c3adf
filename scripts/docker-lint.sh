#!/bin/sh
# No docker engine is needed: the tests read Dockerfile and compose files and build the same static binary with the same
# flags. Where docker is installed, its own checks run too.
set -eu
cd "$(dirname "$0")/.."
go test -count=1 -run 'Docker|Compose' ./cli
if command -v hadolint >/dev/null; then hadolint docker/Dockerfile; fi
if docker compose version >/dev/null 2>&1; then
	docker compose -f docker/compose.yaml config -q
	PRATU_ISSUER=https://id.example.com docker compose -f docker/compose.prod.yaml config -q
fi
if docker info >/dev/null 2>&1; then
	docker build --check -f docker/Dockerfile .
else
	echo "no docker engine: the image itself was not built"
fi
