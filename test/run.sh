#!/bin/sh
# Runs the tests, one stage after the other and each to its end, then sums up over all stages.
# The last line is "N passed, N failed, N skipped".
#
#   test/run.sh check      lint and unit tests, nothing that needs root or minutes
#   test/run.sh test       lint, all unit tests, and the tests in disposable VMs
#   test/run.sh test-long  that, and the tests that take longer
#   test/run.sh faults     the tests of bad days alone, whole
#   test/run.sh fuzz       every fuzz target for 10 minutes
#
# FUZZTIME says for how long, or how often (1000x), each fuzz target is run instead.
set -u
cd "$(dirname "$0")/.." || exit 1

what=${1:?check, test, test-long or fuzz}
results=${DIST:-dist}/results
vms='/test/(vm|e2e|realagent|bench|harness/machine)$' # the packages whose tests boot VMs
rm -rf "$results"
mkdir -p "$results"
results=$(cd "$results" && pwd)

# gotestsum runs `go test` with the arguments after --, shows its progress and keeps its events.
gotestsum() {
	go tool -modfile=tools/go.mod gotestsum --hide-summary=skipped "$@"
}

# Each check of the sources counts as a test.
lint() {
	for check in format vet staticcheck errcheck gosec tidy; do
		verdict=pass
		make --no-print-directory "$check" >&2 || verdict=fail
		echo "{\"Action\":\"$verdict\",\"Package\":\"make\",\"Test\":\"$check\"}"
	done >"$results/lint.json"
}

# The race detector needs a C compiler, which a machine without root may not have.
race() {
	if command -v gcc >/dev/null; then
		echo -race
	else
		echo "no gcc: the race detector is off" >&2
	fi
}

unit() {
	packages=$(go list ./... | grep -Ev "$vms")
	# shellcheck disable=SC2046,SC2086 # one word for each flag and package
	gotestsum --format pkgname --format-hide-empty-pkg --jsonfile "$results/unit.json" -- $(race) "$@" $packages
}

# What is published beside the extension (deploy/, docs) is judged by a module of its own, so that the
# libraries for it stay out of the product's go.mod. Its results are not kept: Go would not notice that a
# file outside of the module has changed.
published() {
	(cd test/published && go tool -modfile=../../tools/go.mod gotestsum --hide-summary=skipped \
		--format pkgname --format-hide-empty-pkg --jsonfile "$results/published.json" -- -count=1 "$@" ./...)
}

vm() {
	packages=$(go list ./... | grep -E "$vms")
	[ -n "$packages" ] || return 0
	# shellcheck disable=SC2086 # one word for each package
	gotestsum --format testname --jsonfile "$results/vm.json" -- -count=1 -timeout "$@" $packages
}

# The bad days, all of them: named faults, and runs that are cut off.
faults() {
	gotestsum --format testname --jsonfile "$results/faults.json" -- -count=1 -timeout 8h -tags long \
		-run 'TestFault|TestCut' ./test/e2e
}

# Fuzz targets run one at a time, as `go test -fuzz` wants it.
fuzz() {
	grep -r --include='*_test.go' -o '^func Fuzz[A-Za-z0-9]*' . | sort | while IFS=: read -r file target; do
		package=$(dirname "$file")
		target=${target#func }
		gotestsum --format testname --jsonfile "$results/fuzz-$(basename "$package")-$target.json" -- \
			-run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-$1}" "$package" </dev/null
	done
}

case $what in
check) lint; unit -short; published -short ;;
test) lint; unit -timeout 1h; published -timeout 1h; fuzz 5000x; vm 2h ;;
test-long) lint; unit -timeout 2h -tags long; published -tags long; vm 8h -tags long; fuzz 30s ;;
faults) faults ;;
fuzz) fuzz 10m ;;
*) echo "test/run.sh: what is \"$what\"?" >&2; exit 2 ;;
esac

go build -o "$results/summary" ./test/summary || exit 1
exec "$results/summary" "$results"/*.json
