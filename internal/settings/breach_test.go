package settings

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"docker-extension/test/bodies"
)

// The schemas use no keyword that judge would pass over. propertyNames is none of them on purpose.
func TestSchemasUseKnownKeywords(t *testing.T) {
	for _, s := range []section{public, protected} {
		root, err := s.schema()
		if err != nil {
			t.Fatal(err)
		}
		checkKeywords(t, string(s), root)
	}
}

func checkKeywords(t *testing.T, place string, schema node) {
	t.Helper()
	for word, value := range schema {
		if !slices.Contains(keywords(), word) {
			t.Errorf("%s: judge does not know the keyword %s", place, word)
		}
		inner, isObject := value.(map[string]any)
		switch word {
		case "properties", "patternProperties", "$defs":
			for name := range inner {
				checkKeywords(t, place+"/"+word+"/"+name, node(inner).inner(name))
			}
		case "items", "not", "if", "then", "else":
			checkKeywords(t, place+"/"+word, inner)
		case "additionalProperties":
			if isObject {
				checkKeywords(t, place+"/"+word, inner)
			}
		}
	}
}

// judge comes to the same breaches as a complete implementation of JSON Schema: for valid bodies, and for
// as many that are not.
func TestBreachesAreThoseOfALibrary(t *testing.T) {
	const rounds = 2000
	for _, s := range []section{public, protected} {
		root, oracle := oracles(t, s)
		text := PublicSchema()
		if s == protected {
			text = ProtectedSchema()
		}
		random := rand.New(rand.NewPCG(7, 7))
		maker := bodies.Maker{Rand: random}
		broken := 0
		for range rounds {
			body, err := maker.Body(text)
			if err != nil {
				t.Fatal(err)
			}
			broken += compare(t, root, oracle, bodies.Mutate(random, body))
		}
		if broken < rounds/10 || broken > rounds*19/20 {
			t.Errorf("%s: %d of %d bodies broke a rule; both kinds should be many", s, broken, rounds)
		}
	}
}

// FuzzBreaches is the same for bodies that the fuzzer thinks up.
func FuzzBreaches(f *testing.F) {
	for _, seed := range []string{
		`{"docker": {"port": 2376.0}}`, `{"docker": {"port": 1e5, "options": [""]}}`, `{"docker": {"source": {"url": "x"}}}`,
		`{"version": 2.0}`, `{"version": [1]}`, `{"login": [{"username": ""}]}`, `{"environment": {"A=": 1, "B": "\u0000"}}`, `[]`, `1`,
	} {
		f.Add([]byte(seed))
	}
	publicRoot, publicOracle := oracles(f, public)
	protectedRoot, protectedOracle := oracles(f, protected)
	f.Fuzz(func(t *testing.T, body []byte) {
		compare(t, publicRoot, publicOracle, body)
		compare(t, protectedRoot, protectedOracle, body)
	})
}

func oracles(t testing.TB, s section) (node, *jsonschema.Schema) {
	t.Helper()
	root, err := s.schema()
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(jsonschema.SchemeURLLoader{}) // nothing is fetched from anywhere
	if err := compiler.AddResource("urn:schema", map[string]any(root)); err != nil {
		t.Fatal(err)
	}
	oracle, err := compiler.Compile("urn:schema")
	if err != nil {
		t.Fatal(err)
	}
	return root, oracle
}

// compare gives 1 if the body, which may be no JSON at all, breaks a rule.
func compare(t *testing.T, root node, oracle *jsonschema.Schema, body []byte) int {
	t.Helper()
	tree, _, faults := public.read(body)
	if tree == nil || len(faults) > 0 {
		return 0
	}
	found, err := root.breaches(tree)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, b := range found {
		got[inWords(b)] = true
	}
	want := map[string]bool{}
	var invalid *jsonschema.ValidationError
	if errors.As(oracle.Validate(tree), &invalid) {
		collectBreaches(root, invalid, want)
	}
	if !maps.Equal(got, want) {
		t.Errorf("%s\n judge %q\noracle %q", body, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	return min(1, len(want))
}

func inWords(b breach) string {
	return fmt.Sprintf("/%s: %s %s %q %q", strings.Join(b.steps, "/"), b.schema.text("errorMessage"), b.schema.text("x-hint"), b.unknown, b.missing)
}

// collectBreaches goes down to the errors that have no causes of their own.
func collectBreaches(root node, e *jsonschema.ValidationError, into map[string]bool) {
	b := breach{steps: e.InstanceLocation, schema: root.at(e.SchemaURL)}
	switch what := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		b.unknown = slices.Sorted(slices.Values(what.Properties))
	case *kind.Required:
		b.missing = slices.Sorted(slices.Values(what.Missing))
	}
	for _, cause := range e.Causes {
		collectBreaches(root, cause, into)
	}
	if len(e.Causes) == 0 {
		into[inWords(b)] = true
	}
}
