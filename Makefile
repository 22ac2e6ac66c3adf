# The commands of a developer; each says itself what it needs. make help lists them.
GOLANGCI_LINT = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK   = golang.org/x/vuln/cmd/govulncheck@v1.8.0
VERSION      ?= dev

.DEFAULT_GOAL := help
.PHONY: help build test lint docker-lint bench console e2e-full conformance calibrate fuzz rotation timing scale clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: ## the static binary bin/pratu, with the Dockerfile's flags
	CGO_ENABLED=0 go build -trimpath -ldflags="-s -w -X pratu/cli.version=$(VERSION)" -o bin/pratu .

test: ## every suite, race detector, both databases; installs what is missing as root or with CI=true
	@scripts/test.sh

lint: bin/golangci-lint bin/govulncheck ## golangci-lint and govulncheck in every module
	@scripts/lint.sh

docker-lint: ## the Dockerfile's rules, its binary, and the compose files
	@scripts/docker-lint.sh

bench: ## Go benchmarks and the load on both databases, beside the floor: BENCH='-d 5s -ops refresh'
	@scripts/bench.sh $(BENCH)

e2e-full: ## the whole matrix of pages, languages, colour schemes and widths in Chromium; screenshots in bin/pictures
	@scripts/setup.sh
	PRATU_E2E=full PRATU_E2E_PICTURES=$${PRATU_E2E_PICTURES:-$(CURDIR)/bin/pictures} scripts/with-postgres.sh go -C e2e test -count=1 -timeout 60m -v ./...

conformance: ## the Foundation's modules as black-box tests; with CONFORMANCE_URL=… a running suite tests the program instead
	@if [ -n "$$CONFORMANCE_URL" ]; then exec scripts/conformance.sh; fi; scripts/setup.sh && \
		scripts/with-postgres.sh go test -count=1 -v -run Conformance ./...

calibrate: ## our tests of those modules against a provider that is certified, oidc-provider of npm: what fails there is wrong
	npm install --prefix bin/calibration --no-audit --no-fund --save-exact oidc-provider@9.13.3
	PRATU_TEST_CALIBRATION=$(CURDIR)/bin/calibration go test -count=1 -v -tags calibration -run Calibration ./server

fuzz: ## every fuzz target for FUZZTIME (default 10m): FUZZTIME=20s
	@scripts/fuzz.sh $(FUZZTIME)

rotation: ## a thousand tokens a second while keys rotate ten times; wants an idle machine
	@scripts/setup.sh
	PRATU_TEST_ROTATION=1000 scripts/with-postgres.sh go test -count=1 -v -run RotationUnderLoad ./server

timing: ## statistics: who asks about a known person and about nobody waits the same time; wants an idle machine
	@scripts/setup.sh
	go -C e2e test -count=1 -timeout 60m -v -tags timing -run Timing ./...

scale: ## operations at 10^4, 10^6 and 10^7 grants on PostgreSQL, and a directory of as many accounts: SCALE='-grants 10000 -accounts 10000,100000'
	@scripts/setup.sh
	scripts/with-postgres.sh --durable go -C bench run . -scale $(SCALE)

CONSOLE ?= 1000000,10000
console: ## p95 of each page of the console over a million accounts and ten thousand applications on PostgreSQL: CONSOLE=10000,100
	@scripts/setup.sh
	scripts/with-postgres.sh --durable go -C bench run . -console $(CONSOLE)

bin/golangci-lint: Makefile
	GOBIN=$(CURDIR)/bin go install $(GOLANGCI_LINT) && touch $@

bin/govulncheck: Makefile
	GOBIN=$(CURDIR)/bin go install $(GOVULNCHECK) && touch $@

clean: ## remove what was built here
	rm -rf bin e2e/node_modules
