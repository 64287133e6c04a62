# Everything that one does with this project. `make` alone lists the targets.

# Three or four numbers divided by dots; the agent accepts nothing else.
VERSION ?= $(shell cat VERSION)
DIST    ?= dist

ZIP     := $(DIST)/docker-extension-$(VERSION).zip
ARCHES  := amd64 arm64
PERSONS := darwin-amd64 darwin-arm64
LDFLAGS := -s -w -buildid= -X main.version=$(VERSION)
TOOL    := go tool -modfile=tools/go.mod

.DEFAULT_GOAL := help
.PHONY: help build $(ARCHES) $(PERSONS) package release check lint format vet staticcheck errcheck gosec tidy test test-long faults reliability-page fuzz setup run run-agent bench bench-page microbench docs clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: $(ARCHES) $(PERSONS) ## static binaries for Linux and macOS, amd64 and arm64, in dist/

$(ARCHES):
	@CGO_ENABLED=0 GOOS=linux GOARCH=$@ go build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' \
		-o $(DIST)/docker-extension-$@ ./cmd/docker-extension

# What a person runs on a workstation; no part of the zip.
$(PERSONS):
	@CGO_ENABLED=0 GOOS=$(firstword $(subst -, ,$@)) GOARCH=$(lastword $(subst -, ,$@)) go build -trimpath -buildvcs=false \
		-ldflags '$(LDFLAGS)' -o $(DIST)/docker-extension-$@ ./cmd/docker-extension

package: $(ARCHES) ## the extension zip (VERSION=1.2.3), the same bytes for the same sources
	@go run ./cmd/pack -version $(VERSION) -dist $(DIST)

release: build ## all that is published of a version (VERSION=1.2.3): zip, manifest, programs, SBOM, checksums
	@go run ./cmd/release -version $(VERSION) -dist $(DIST) $(RELEASE)

check: ## the inner loop: format, vet, linters, unit tests with the race detector; no root
	@test/run.sh check

lint: format vet staticcheck errcheck gosec tidy ## what reads the sources only

format:
	@unformatted=$$(gofmt -s -l .); test -z "$$unformatted" || { echo "gofmt -s -w would change:" $$unformatted; exit 1; }

vet:
	@go vet ./...
	@GOOS=darwin go vet ./cmd/docker-extension
	@cd test/published && go vet ./...

staticcheck:
	@$(TOOL) staticcheck ./...
	@staticcheck=$$($(TOOL) -n staticcheck) && cd test/published && $$staticcheck ./...

errcheck:
	@$(TOOL) errcheck -exclude tools/errcheck.txt ./...
	@errcheck=$$($(TOOL) -n errcheck) && cd test/published && $$errcheck -exclude ../../tools/errcheck.txt ./...

# errcheck judges unhandled errors (G104) already, with a list of those that nobody can act on.
gosec:
	@go build -C tools -o $(abspath $(DIST))/tools/gosec ./gosec
	@$(DIST)/tools/gosec -test=false -exclude=G104 $$(go list ./... | grep -v /test/)

tidy:
	@go mod tidy -diff
	@cd tools && go mod tidy -diff
	@cd test/published && go mod tidy -diff

test: setup package ## check, then everything in disposable VMs (as root; otherwise those are skipped)
	@DOCKER_EXTENSION_PACKAGE=$(abspath $(ZIP)) test/run.sh test

test-long: setup package ## test, then what takes longer: tests with the build tag "long", and fuzzing
	@DOCKER_EXTENSION_PACKAGE=$(abspath $(ZIP)) test/run.sh test-long

faults: setup package ## every named fault, and every run cut off at each of its points, on both distributions (hours)
	@DOCKER_EXTENSION_PACKAGE=$(abspath $(ZIP)) test/run.sh faults

reliability-page: ## put the tables of the last make faults (EVENTS="a.json b.json": other events of tests) into docs/reliability.md
	@go run ./test/summary -page docs/reliability.md $(or $(EVENTS),$(DIST)/results/faults.json)

fuzz: ## every fuzz target for 10 minutes (FUZZTIME=1m), one after the other
	@test/run.sh fuzz

setup: ## install the Debian packages that the VM tests need, where they are missing
	@test/setup.sh

run: setup package ## see it work: a fresh VM becomes a Docker host and answers over TLS (as root)
	@go run ./test/run --package $(ZIP)

run-agent: setup package ## the same with the real Azure Linux Agent, which uploads its status to a fake fabric (as root)
	@go run ./test/run --agent real --package $(ZIP)

bench: setup package ## how fast it is, against the same by hand, in fresh VMs: dist/bench (as root, 15 minutes)
	@go run ./test/bench -package $(abspath $(ZIP)) -out $(DIST)/bench

bench-page: ## put the table of the last make bench into docs/performance.md
	@go run ./test/bench -out $(DIST)/bench -page docs/performance.md

microbench: ## benchmarks of single functions
	@go test -run '^$$' -bench . -benchmem ./...

docs: ## write docs/settings.md, docs/commands.md, docs/man, docs/faults.md and docs/run.svg from the sources
	@go run ./cmd/docs
	@go test -count=1 -run '^TestFaultsPage$$' ./internal/settings -update
	@go test -count=1 -run '^TestBrokenFilesPage$$' ./cli/validate -update

clean: ## remove dist/, and VMs, mounts and namespaces that a killed run left behind
	@rm -rf $(DIST)
	@test "$$(id -u)" -ne 0 || go run ./test/harness clean
