# Run "make" to list the targets.

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS   = -s -w -X github.com/gavel-rules/gavel/cmd/gavel/version.number=$(VERSION)
FUZZTIME ?= 30s
CUTS     ?= 5000
ROOM     ?= rules/values
TESTS    ?= ./rules/...
TIME     ?= 10m
# Findings that docs/security.md explains.
GOSEC_EXPLAINED = G101,G104,G115,G202,G203,G304,G404

.DEFAULT_GOAL := help
.PHONY: chart site generate mutants sbom release reproducible security help build test check bench torture powercut demo fuzz docker clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/gavel, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags "$(LDFLAGS)" -o bin/gavel ./cmd/gavel

test: ## install what the tests need (apt) and test everything
	scripts/test

check: ## the same without installing: format, vet, lint, generated files, race, shuffle
	scripts/test --no-install

torture: ## kill processes, break destinations, rewrite rules, pause for minutes; then check for losses (SQLite, PostgreSQL)
	scripts/with-services go test ./test/torture -count=1 -v -timeout 15m -args -torture.duration=3m $(TORTUREFLAGS)

powercut: ## build thousands of database files as a power cut could leave them; open each (needs strace)
	CI=true go test ./store/sqlite -run PowerCut -count=1 -v -timeout 30m -args -powercut.cuts=$(CUTS)

bench: ## measure intake, databases, a million waiting runs, latency and matching (see docs/benchmarks.md)
	GAVEL_POSTGRES_DURABLE=1 scripts/with-services go run ./bench $(BENCHFLAGS)

demo: ## start Gavel with stand-ins for Slack, mail and a CRM
	go run ./cmd/gavel demo

fuzz: ## fuzz every target for FUZZTIME (30s)
	FUZZTIME=$(FUZZTIME) scripts/fuzz

screenshots: ## retake the screenshots of the docs (needs chromium)
	go test ./test/browser -run TestPictures -count=1 -screenshots $(CURDIR)/docs/screenshots

site: ## write dist/site, the documentation as static files, with its pictures
	rm -rf dist/site
	go run ./cmd/gavel docs --from docs --output dist/site

generate: ## regenerate files from code: rules.schema.json, actions.md, tables in the docs
	go test ./ruleset -run TestSchemaFile -count=1 -update
	go test ./internal/docs -run 'TestGeneratedParts|TestCopies' -count=1 -update

chart: ## write what is made from deploy/chart (Kustomize, its README), and test all of it
	CGO_ENABLED=0 go test -C tools/chart -vet=off -count=1 ./... -run 'Files|Readme' -update
	CGO_ENABLED=0 go test -C tools/chart -vet=off -count=1 ./...

mutants: ## mutate the code of ROOM (rules/values), within TIME (10m); report what no test notices
	scripts/mutants -for $(TIME) -tests "$(TESTS)" $(ROOM)

security: ## scan for insecure code (gosec), check the licenses
	go run github.com/securego/gosec/v2/cmd/gosec@v2.25.0 -quiet -exclude=$(GOSEC_EXPLAINED) -exclude-dir=test -exclude-dir=bench -exclude-dir=internal ./...
	scripts/dependencies --check

sbom: ## write dist/gavel.cdx.json, the bill of materials (CycloneDX) of the binary
	mkdir -p dist
	CGO_ENABLED=0 go tool -C tools/sbom cyclonedx-gomod app -json -licenses -std -main cmd/gavel -output "$(CURDIR)/dist/gavel.cdx.json" "$(CURDIR)"

release: ## make dist/: programs, packages, image, checksums (RELEASEFLAGS; see docs/install.md)
	CGO_ENABLED=0 go run -C tools/release . $(RELEASEFLAGS)

reproducible: ## build twice in two folders and compare the binaries
	scripts/reproducible

docker: ## build the container image gavel:VERSION
	docker build --build-arg VERSION=$(VERSION) --tag gavel:$(VERSION) .

clean: ## remove what was built
	rm -rf bin dist
