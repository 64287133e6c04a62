package deploy

import (
	"fmt"
	"strconv"
	"strings"
	"text/scanner"
)

// functions are what an expression may call, by name. Azure Resource Manager and CreateUiDefinition
// share the syntax and differ in the functions.
type functions map[string]func(args []any) (any, error)

// expand evaluates every expression in a JSON tree.
func expand(tree any, f functions) (any, error) {
	switch node := tree.(type) {
	case string:
		return evaluate(node, f)
	case []any:
		all := make([]any, len(node))
		for i, item := range node {
			var err error
			if all[i], err = expand(item, f); err != nil {
				return nil, err
			}
		}
		return all, nil
	case map[string]any:
		all := map[string]any{}
		for key, item := range node {
			value, err := expand(item, f)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", key, err)
			}
			all[key] = value
		}
		return all, nil
	}
	return tree, nil
}

// evaluate gives the value of a string: of the expression if it is one ("[...]"), the string otherwise.
func evaluate(text string, f functions) (any, error) {
	if !strings.HasPrefix(text, "[") || !strings.HasSuffix(text, "]") {
		return text, nil
	}
	if strings.HasPrefix(text, "[[") {
		return text[1:], nil
	}
	p := newParser(text[1:len(text)-1], f)
	value := p.expression()
	if p.err == nil && p.token != scanner.EOF {
		p.fail("%q is left over", p.s.TokenText())
	}
	if p.err != nil {
		return nil, fmt.Errorf("cannot evaluate %q: %w", text, p.err)
	}
	return value, nil
}

// parser evaluates while it reads. The first error stays in err, and values are nil from there on.
type parser struct {
	s     scanner.Scanner
	token rune
	f     functions
	err   error
}

func newParser(text string, f functions) *parser {
	p := &parser{f: f}
	p.s.Init(strings.NewReader(text))
	p.s.Mode = scanner.ScanIdents | scanner.ScanInts
	p.s.Error = func(*scanner.Scanner, string) {}
	p.next()
	return p
}

func (p *parser) next() { p.token = p.s.Scan() }

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.token = scanner.EOF
}

func (p *parser) expect(token rune) {
	if p.token != token {
		p.fail("%q where %q should be", p.s.TokenText(), token)
		return
	}
	p.next()
}

// expression reads a literal or a call, and what is picked out of its value.
func (p *parser) expression() any {
	value := p.primary()
	for p.err == nil {
		switch p.token {
		case '.':
			p.next()
			value = p.member(value, p.s.TokenText())
			p.next()
		case '[':
			p.next()
			value = p.index(value, p.expression())
			p.expect(']')
		default:
			return value
		}
	}
	return nil
}

func (p *parser) primary() any {
	switch p.token {
	case '\'':
		return p.text()
	case scanner.Int:
		number, err := strconv.ParseFloat(p.s.TokenText(), 64)
		if err != nil {
			p.fail("%w", err)
		}
		p.next()
		return number
	case scanner.Ident:
		return p.call(p.s.TokenText())
	}
	p.fail("%q is no value", p.s.TokenText())
	return nil
}

// text reads a string in single quotes, in which two of them stand for one.
func (p *parser) text() any {
	var b strings.Builder
	for {
		switch r := p.s.Next(); {
		case r == scanner.EOF:
			p.fail("a string does not end")
			return nil
		case r != '\'':
			b.WriteRune(r)
		case p.s.Peek() == '\'':
			b.WriteRune(p.s.Next())
		default:
			p.next()
			return b.String()
		}
	}
}

func (p *parser) call(name string) any {
	p.next()
	p.expect('(')
	var args []any
	for p.err == nil && p.token != ')' {
		args = append(args, p.expression())
		if p.token != ')' {
			p.expect(',')
		}
	}
	p.expect(')')
	if p.err != nil {
		return nil
	}
	function, known := p.f[name]
	if !known {
		p.fail("there is no function %s", name)
		return nil
	}
	value, err := function(args)
	if err != nil {
		p.fail("%s: %w", name, err)
	}
	return value
}

func (p *parser) member(value any, name string) any {
	object, ok := value.(map[string]any)
	if !ok {
		p.fail("there is no object to take .%s from", name)
		return nil
	}
	inner, ok := object[name]
	if !ok {
		p.fail("there is no .%s", name)
	}
	return inner
}

func (p *parser) index(value, at any) any {
	list, ok := value.([]any)
	i, number := at.(float64)
	if !ok || !number || int(i) >= len(list) {
		p.fail("cannot take [%v] from %v", at, value)
		return nil
	}
	return list[int(i)]
}
