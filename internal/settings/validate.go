package settings

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"docker-extension/internal/fault"
)

// maxValueShown is how long a public value may be to be shown in a message.
const maxValueShown = 40

// check is one validation of a section. What is found wrong is cut out of the tree, so that the
// rest can be decoded and checked further: a person wants all faults at once.
type check struct {
	section section
	schemas map[section]node // its own, and that of the other section once it was asked for
	tree    any
	faults  fault.List
	told    map[[2]string]bool // places with hints
	cuts    [][]string
}

// validate checks a section's tree against its schema and gives the tree without what is wrong.
func (s section) validate(tree any) (any, fault.List, error) {
	root, err := s.schema()
	if err != nil {
		return nil, nil, err
	}
	root.dropNulls(root, tree)
	breaches, err := root.breaches(tree)
	c := &check{section: s, schemas: map[section]node{s: root}, tree: tree, told: map[[2]string]bool{}}
	for _, b := range breaches {
		c.tell(b)
	}
	return c.cut(), c.faults, err
}

// tell reports a breach: unknown keys one by one, everything else once for each value. An object that
// lacks members is of no use.
func (c *check) tell(b breach) {
	message := c.shown(b.steps, b.schema) + b.schema.text("errorMessage")
	switch {
	case len(b.unknown) > 0:
		for _, key := range b.unknown {
			c.unknown(b.steps, key)
		}
		return
	case len(b.missing) > 0:
		message = "lacks " + strings.Join(b.missing, " and ")
	}
	c.report(b.steps, b.schema.text("x-hint"), message)
}

// report adds a fault for the value at the end of steps. A value that fails twice is reported once.
func (c *check) report(steps []string, hint, message string) {
	place := c.section.placeOf(c.tree, steps)
	told := [2]string{place, hint}
	if c.told[told] {
		return
	}
	c.told[told] = true
	c.faults = append(c.faults, fault.New(fault.SettingsInvalid, place, hint, "%s", message))
	c.cuts = append(c.cuts, steps)
}

// shown gives a value for the beginning of a message, with a space, or nothing if it should not be
// seen: everything protected, everything long, everything that looks like PEM or like an address
// with a password.
func (c *check) shown(steps []string, schema node) string {
	if c.section == protected || schema.flag("x-secret") || schema.flag("x-reserved") {
		return ""
	}
	text := ""
	switch value := c.value(steps).(type) {
	case string:
		text = strconv.Quote(value)
	case json.Number, bool:
		text = fmt.Sprint(value)
	}
	if text == "" || len(text) > maxValueShown || strings.Contains(text, "-----") || strings.Contains(text, "@") {
		return ""
	}
	return text + " "
}

func (c *check) value(steps []string) any {
	here := c.tree
	for _, step := range steps {
		switch node := here.(type) {
		case map[string]any:
			here = node[step]
		case []any:
			here = item(node, step)
		default:
			return nil
		}
	}
	return here
}

// cut takes what was reported out of the tree. A list with a bad item goes as a whole: without the
// item the others would have wrong numbers.
func (c *check) cut() any {
	for _, steps := range c.cuts {
		if len(steps) == 0 {
			return nil
		}
		here, _ := c.tree.(map[string]any)
		for _, step := range steps[:len(steps)-1] {
			inner, isObject := here[step].(map[string]any)
			if !isObject {
				delete(here, step)
				break
			}
			here = inner
		}
		delete(here, steps[len(steps)-1])
	}
	return c.tree
}
