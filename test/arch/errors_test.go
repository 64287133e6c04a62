package arch

import (
	"go/ast"
	"regexp"
	"strconv"
	"testing"

	"docker-extension/internal/fault"
)

// TestErrorsAreDocumented holds docs/errors.md and the codes together: every code has one row with
// its name, a cause and a cure, and every row has a code.
func TestErrorsAreDocumented(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| (\\d+) \\| `([a-z-]+)` \\| (.+) \\| (.+) \\|$")
	documented := map[fault.Code]string{}
	for _, match := range row.FindAllStringSubmatch(string(read(t, "docs/errors.md")), -1) {
		number, err := strconv.Atoi(match[1])
		if err != nil {
			t.Fatal(err)
		}
		code := fault.Code(number)
		if _, twice := documented[code]; twice {
			t.Errorf("docs/errors.md explains %d twice", code)
		}
		documented[code] = match[2]
	}
	codes := declared(t)
	for code := range codes {
		if documented[code] != code.String() {
			t.Errorf("code %d is %q, docs/errors.md says %q", code, code, documented[code])
		}
	}
	for code, name := range documented {
		if !codes[code] {
			t.Errorf("docs/errors.md explains %d %q, which is no code", code, name)
		}
	}
}

// declared reads the constants of type Code from their source, so that one without a name is
// found as well.
func declared(t *testing.T) map[fault.Code]bool {
	t.Helper()
	codes := map[fault.Code]bool{}
	for _, s := range sources(t) {
		if s.path != "internal/fault/code.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || len(v.Values) != 1 {
				return true
			}
			number, err := strconv.Atoi(v.Values[0].(*ast.BasicLit).Value)
			if err != nil || codes[fault.Code(number)] {
				t.Errorf("%s: %s has no number of its own", s.at(v), v.Names[0].Name)
			}
			codes[fault.Code(number)] = true
			return true
		})
	}
	if len(codes) == 0 {
		t.Fatal("found no codes")
	}
	return codes
}
