package deploy

import (
	"fmt"
	"strings"
	"unicode"
)

// value reads an expression.
func (p *bicepParser) value() bicepValue {
	p.skip(false)
	value := p.simple()
	for {
		switch {
		case p.take("."):
			value = pick(value, p.word())
		case p.peek() == '[':
			p.next()
			value = element(value, p.value())
			p.expect("]")
		default:
			return value
		}
	}
}

func (p *bicepParser) simple() bicepValue {
	switch r := p.peek(); {
	case r == '\'':
		return p.text()
	case r == '{':
		return p.object()
	case r == '[':
		return p.list()
	case unicode.IsDigit(r):
		number := p.number()
		return func(map[string]any) (any, error) { return number, nil }
	}
	name := p.word()
	switch name {
	case "true", "false":
		return func(map[string]any) (any, error) { return name == "true", nil }
	}
	if p.peek() == '(' {
		return calling(name, p.arguments())
	}
	return func(scope map[string]any) (any, error) {
		value, ok := scope[name]
		if !ok {
			return nil, fmt.Errorf("there is no %s", name)
		}
		if late, ok := value.(func() (any, error)); ok {
			return late()
		}
		return value, nil
	}
}

func (p *bicepParser) arguments() (args []bicepValue) {
	p.expect("(")
	for p.skip(true); !p.take(")"); p.skip(true) {
		args = append(args, p.value())
		if !p.take(",") {
			p.skip(true)
			p.expect(")")
			return args
		}
	}
	return args
}

// text reads a string in single quotes, with \ before what has a meaning, and ${...} for values.
func (p *bicepParser) text() bicepValue {
	var parts []bicepValue
	var b strings.Builder
	flush := func() {
		words := b.String()
		b.Reset()
		parts = append(parts, func(map[string]any) (any, error) { return words, nil })
	}
	for p.next(); !p.take("'"); {
		switch {
		case p.end() || p.peek() == '\n':
			p.fail("a string does not end")
		case p.take("${"):
			flush()
			parts = append(parts, p.value())
			p.expect("}")
		case p.take("\\"):
			b.WriteRune(p.next())
		default:
			b.WriteRune(p.next())
		}
	}
	flush()
	return joined(parts)
}

func joined(parts []bicepValue) bicepValue {
	return func(scope map[string]any) (any, error) {
		var b strings.Builder
		for _, part := range parts {
			value, err := part(scope)
			if err != nil {
				return nil, err
			}
			b.WriteString(plain(value))
		}
		return b.String(), nil
	}
}

func (p *bicepParser) object() bicepValue {
	members := map[string]bicepValue{}
	p.expect("{")
	for p.skip(true); !p.take("}"); {
		name := p.word()
		if _, twice := members[name]; twice {
			p.fail("%s is there twice", name)
		}
		p.expect(":")
		members[name] = p.value()
		if !p.skip(true) && p.peek() != '}' {
			p.fail("two members on one line")
		}
	}
	return func(scope map[string]any) (any, error) {
		object := map[string]any{}
		for name, member := range members {
			value, err := member(scope)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			object[name] = value
		}
		return object, nil
	}
}

func (p *bicepParser) list() bicepValue {
	var items []bicepValue
	p.expect("[")
	for p.skip(true); !p.take("]"); {
		items = append(items, p.value())
		if !p.skip(true) && p.peek() != ']' {
			p.fail("two items on one line")
		}
	}
	return func(scope map[string]any) (any, error) {
		list := make([]any, len(items))
		for i, item := range items {
			var err error
			if list[i], err = item(scope); err != nil {
				return nil, err
			}
		}
		return list, nil
	}
}

func calling(name string, args []bicepValue) bicepValue {
	return func(scope map[string]any) (any, error) {
		values := make([]any, len(args))
		for i, arg := range args {
			var err error
			if values[i], err = arg(scope); err != nil {
				return nil, err
			}
		}
		if name == "getSecret" {
			return fmt.Sprintf("secret %v of vault %v", values[3], values[2]), nil
		}
		function, known := managerFunctions()[name]
		if !known {
			return nil, fmt.Errorf("there is no function %s", name)
		}
		return function(values)
	}
}

// pick takes a member of an object. What a resource holds under a name has an id of its own.
func pick(value bicepValue, name string) bicepValue {
	return func(scope map[string]any) (any, error) {
		of, err := value(scope)
		if err != nil {
			return nil, err
		}
		object, ok := of.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("there is no object to take .%s from", name)
		}
		inner, ok := object[name]
		if !ok {
			return nil, fmt.Errorf("there is no .%s", name)
		}
		return inner, nil
	}
}

func element(value, at bicepValue) bicepValue {
	return func(scope map[string]any) (any, error) {
		of, err := value(scope)
		if err != nil {
			return nil, err
		}
		i, err := at(scope)
		if err != nil {
			return nil, err
		}
		list, ok := of.([]any)
		number, whole := i.(float64)
		if !ok || !whole || int(number) >= len(list) {
			return nil, fmt.Errorf("cannot take [%v]", i)
		}
		return list[int(number)], nil
	}
}
