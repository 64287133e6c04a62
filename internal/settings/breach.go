package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"
)

// breach is a rule of a schema that a value does not keep. Unknown members and missing ones are told with
// their names, everything else by the words of the schema.
type breach struct {
	steps   []string // the way to the value: names of members, indices of items
	schema  node     // the schema whose rule it is, references followed
	unknown []string // members that the schema does not let in, sorted
	missing []string // members that it requires, sorted
}

// judge holds a value against a schema, as far as our schemas go: it knows the keywords of JSON Schema
// 2020-12 in the table of keywords and no others. A test sees to it that the schemas use no others, and
// that judge and a complete library come to the same breaches.
//
// A library is not used here because they take longer to get ready than all the rest of a run that has
// nothing to do: they translate a schema, and some the schemas of schemas as well, before they look at
// the first value (docs/decisions/0013-no-schema-library.md).
type judge struct {
	root     node
	patterns map[string]*regexp.Regexp
	breaches []breach
	err      error // the schema itself is wrong
}

// keywords are the rules that judge knows, and the words that make no rule.
func keywords() []string {
	return []string{
		"type", "enum", "$ref", "required", "properties", "patternProperties", "additionalProperties", "items", "minItems",
		"pattern", "minLength", "maxLength", "minimum", "maximum", "not", "if", "then", "else",
		"$schema", "$id", "$defs", "title", "description", "examples", "default", "deprecated",
		"errorMessage", "x-hint", "x-secret", "x-reserved",
	}
}

// breaches gives everything in a tree that breaks a rule of a schema. Objects are map[string]any, lists
// []any, and numbers json.Number. The error is one of the schema.
func (n node) breaches(tree any) ([]breach, error) {
	j := &judge{root: n, patterns: map[string]*regexp.Regexp{}}
	j.value(n, tree, nil)
	return j.breaches, j.err
}

// value looks at one value. One of the wrong kind is not looked at any further.
func (j *judge) value(n node, value any, steps []string) {
	if !n.allowsType(value) || !n.allowsWord(value) {
		j.refuse(breach{schema: n, steps: steps})
		return
	}
	if ref := n.text("$ref"); ref != "" {
		j.value(j.root.at(ref), value, steps)
	}
	kept := j.content(n, value, steps)
	if no := n.inner("not"); no != nil && j.fits(no, value) {
		kept = false
	}
	if !kept {
		j.refuse(breach{schema: n, steps: steps})
	}
	j.branch(n, value, steps)
}

// content looks at what a value holds, and tells whether the value itself keeps the rules for its type.
func (j *judge) content(n node, value any, steps []string) (kept bool) {
	switch value := value.(type) {
	case map[string]any:
		j.object(n, value, steps)
	case []any:
		j.items(n, value, steps)
		return n.length("minItems", 0) <= len(value)
	case string:
		return j.allowsText(n, value)
	case json.Number:
		return n.allowsNumber(value)
	}
	return true
}

func (j *judge) refuse(b breach) {
	b.steps = slices.Clone(b.steps)
	j.breaches = append(j.breaches, b)
}

// branch is if, then and else.
func (j *judge) branch(n node, value any, steps []string) {
	condition := n.inner("if")
	if condition == nil {
		return
	}
	next := n.inner("else")
	if j.fits(condition, value) {
		next = n.inner("then")
	}
	if next != nil {
		j.value(next, value, steps)
	}
}

// fits tells whether a value breaks no rule at all.
func (j *judge) fits(n node, value any) bool {
	alone := &judge{root: j.root, patterns: j.patterns}
	alone.value(n, value, nil)
	j.err = errors.Join(j.err, alone.err)
	return len(alone.breaches) == 0
}

func (j *judge) object(n node, object map[string]any, steps []string) {
	var missing []string
	required, _ := n["required"].([]any)
	for _, name := range required {
		name, _ := name.(string)
		if _, there := object[name]; !there {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		j.refuse(breach{schema: n, steps: steps, missing: missing})
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !j.member(n, object[name], append(steps, name)) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		j.refuse(breach{schema: n, steps: steps, unknown: unknown})
	}
}

// member looks at a member of an object, the last of steps, and tells whether it may be there.
func (j *judge) member(n node, value any, steps []string) (known bool) {
	name := steps[len(steps)-1]
	if schema := n.inner("properties").inner(name); schema != nil {
		known = true
		j.value(schema, value, steps)
	}
	for pattern := range n.inner("patternProperties") {
		if j.match(pattern, name) {
			known = true
			j.value(n.inner("patternProperties").inner(pattern), value, steps)
		}
	}
	others, restricted := n["additionalProperties"]
	if known || !restricted {
		return true
	}
	if schema, ok := others.(map[string]any); ok {
		j.value(schema, value, steps)
		return true
	}
	return others != false
}

func (j *judge) items(n node, list []any, steps []string) {
	schema := n.inner("items")
	if schema == nil {
		return
	}
	for i, item := range list {
		j.value(schema, item, append(steps, strconv.Itoa(i)))
	}
}

func (j *judge) allowsText(n node, text string) bool {
	length := utf8.RuneCountInString(text)
	pattern := n.text("pattern")
	return n.length("minLength", 0) <= length && length <= n.length("maxLength", length) &&
		(pattern == "" || j.match(pattern, text))
}

// match tells whether a pattern is found in text. Each pattern is compiled once.
func (j *judge) match(pattern, text string) bool {
	compiled, there := j.patterns[pattern]
	if !there {
		var err error
		if compiled, err = regexp.Compile(pattern); err != nil {
			j.err = errors.Join(j.err, fmt.Errorf("the schema has a bad pattern: %w", err))
		}
		j.patterns[pattern] = compiled
	}
	return compiled != nil && compiled.MatchString(text)
}

// allowsType tells whether a value is of one of the types in "type".
func (n node) allowsType(value any) bool {
	switch types := n["type"].(type) {
	case string:
		return isOf(types, value)
	case []any:
		return slices.ContainsFunc(types, func(name any) bool { word, _ := name.(string); return isOf(word, value) })
	}
	return true
}

// isOf tells whether a value is of a type of JSON Schema. 2376.0 is an integer there.
func isOf(name string, value any) bool {
	switch value := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case json.Number:
		return name == "number" || name == "integer" && rational(value).IsInt()
	case []any:
		return name == "array"
	}
	return name == "object"
}

// allowsWord tells whether a value is one of those in "enum", which are strings, numbers and booleans.
func (n node) allowsWord(value any) bool {
	words, ok := n["enum"].([]any)
	return !ok || slices.ContainsFunc(words, func(word any) bool { return same(word, value) })
}

func same(a, b any) bool {
	x, bothX := a.(json.Number)
	y, bothY := b.(json.Number)
	if bothX && bothY {
		return rational(x).Cmp(rational(y)) == 0
	}
	switch b.(type) {
	case string, bool, nil:
		return a == b
	}
	return false
}

func (n node) allowsNumber(number json.Number) bool {
	value := rational(number)
	if low, ok := n["minimum"].(json.Number); ok && value.Cmp(rational(low)) < 0 {
		return false
	}
	high, ok := n["maximum"].(json.Number)
	return !ok || value.Cmp(rational(high)) <= 0
}

// rational gives a number as it is written, where a float64 would round it.
func rational(number json.Number) *big.Rat {
	value, ok := new(big.Rat).SetString(string(number))
	if !ok {
		return new(big.Rat)
	}
	return value
}

// length gives a limit that a schema sets, or the one that holds if it sets none.
func (n node) length(keyword string, otherwise int) int {
	number, ok := n[keyword].(json.Number)
	limit, err := number.Int64()
	if !ok || err != nil {
		return otherwise
	}
	return int(limit)
}
