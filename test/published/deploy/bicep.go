package deploy

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// bicepFile is a Bicep file as far as deploy/ uses the language: parameters with decorators, resources
// with objects, lists, strings with ${...}, picks and calls, and outputs. Everything else is an error.
type bicepFile struct {
	params    map[string]parameter
	resources []bicepResource
	outputs   map[string]bicepValue
	assigned  map[string]bicepValue // of a .bicepparam file
	using     string
}

type bicepResource struct {
	symbol, kind, version string // kind is the type, such as Microsoft.Compute/virtualMachines
	body                  bicepValue
}

// bicepValue is an expression: bound to a scope, it gives its value.
type bicepValue func(scope map[string]any) (any, error)

// parseBicep reads a file. Bicep needs a line's end between members, so lines count.
func parseBicep(source string) (file *bicepFile, err error) {
	p := &bicepParser{source: []rune(source), line: 1}
	defer func() {
		if failure, ok := recover().(bicepError); ok {
			err = fmt.Errorf("line %d: %s", p.line, failure)
		}
	}()
	file = &bicepFile{params: map[string]parameter{}, outputs: map[string]bicepValue{}, assigned: map[string]bicepValue{}}
	var decorators parameter
	for p.skip(true); !p.end(); p.skip(true) {
		if p.take("@") {
			p.decorator(&decorators)
			continue
		}
		p.statement(file, decorators)
		decorators = parameter{}
	}
	return file, nil
}

// bicepError ends the parsing; parseBicep gives it to its caller as an error.
type bicepError string

type bicepParser struct {
	source []rune
	at     int
	line   int
}

func (p *bicepParser) fail(format string, args ...any) {
	panic(bicepError(fmt.Sprintf(format, args...)))
}

func (p *bicepParser) end() bool { return p.at >= len(p.source) }

func (p *bicepParser) peek() rune {
	if p.end() {
		return 0
	}
	return p.source[p.at]
}

func (p *bicepParser) next() rune {
	r := p.peek()
	if r == '\n' {
		p.line++
	}
	p.at++
	return r
}

// skip goes over blanks and comments, and over the ends of lines if told to. It tells whether it went
// over one of those.
func (p *bicepParser) skip(lines bool) (ended bool) {
	for !p.end() {
		switch r := p.peek(); {
		case r == '/' && strings.HasPrefix(string(p.source[p.at:min(p.at+2, len(p.source))]), "//"):
			for !p.end() && p.peek() != '\n' {
				p.next()
			}
		case r == '\n' && !lines:
			return ended
		case unicode.IsSpace(r):
			ended = ended || r == '\n'
			p.next()
		default:
			return ended
		}
	}
	return true
}

// take goes over a mark if it comes next.
func (p *bicepParser) take(mark string) bool {
	if !strings.HasPrefix(string(p.source[min(p.at, len(p.source)):]), mark) {
		return false
	}
	p.at += len([]rune(mark))
	return true
}

func (p *bicepParser) expect(mark string) {
	p.skip(false)
	if !p.take(mark) {
		p.fail("%q is missing before %q", mark, string(p.source[p.at:min(p.at+20, len(p.source))]))
	}
}

func (p *bicepParser) word() string {
	p.skip(false)
	start := p.at
	for r := p.peek(); r == '_' || unicode.IsLetter(r) || p.at > start && unicode.IsDigit(r); r = p.peek() {
		p.next()
	}
	if p.at == start {
		p.fail("a name is missing before %q", string(p.source[p.at:min(p.at+20, len(p.source))]))
	}
	return string(p.source[start:p.at])
}

func (p *bicepParser) number() float64 {
	start := p.at
	for unicode.IsDigit(p.peek()) {
		p.next()
	}
	number, err := strconv.ParseFloat(string(p.source[start:p.at]), 64)
	if err != nil {
		p.fail("%v", err)
	}
	return number
}

func (p *bicepParser) decorator(into *parameter) {
	name := p.word()
	args := p.arguments()
	values := make([]any, len(args))
	for i, arg := range args {
		value, err := arg(nil)
		if err != nil {
			p.fail("@%s: %v", name, err)
		}
		values[i] = value
	}
	switch name {
	case "description":
		into.Metadata = map[string]string{"description": values[0].(string)}
	case "secure":
		into.Type = "secure"
	case "minValue":
		number := values[0].(float64)
		into.MinValue = &number
	case "maxValue":
		number := values[0].(float64)
		into.MaxValue = &number
	default:
		p.fail("there is no decorator @%s", name)
	}
}

func (p *bicepParser) statement(file *bicepFile, decorators parameter) {
	switch keyword := p.word(); keyword {
	case "targetScope":
		p.expect("=")
		p.value()
	case "using":
		file.using = p.literal()
	case "param":
		p.param(file, decorators)
	case "resource":
		r := bicepResource{symbol: p.word()}
		r.kind, r.version, _ = strings.Cut(p.literal(), "@")
		p.expect("=")
		r.body = p.value()
		file.resources = append(file.resources, r)
	case "output":
		name := p.word()
		p.word() // its type
		p.expect("=")
		file.outputs[name] = p.value()
	default:
		p.fail("there is no statement %q", keyword)
	}
	if !p.skip(false) && !p.end() && p.peek() != '\n' {
		p.fail("the statement goes on with %q", string(p.peek()))
	}
}

// literal reads a value that depends on nothing.
func (p *bicepParser) literal() string {
	value, err := p.value()(nil)
	if err != nil {
		p.fail("%v", err)
	}
	return fmt.Sprint(value)
}

// param reads a declaration (name, type, perhaps a default) or, in a .bicepparam file, a value.
func (p *bicepParser) param(file *bicepFile, decorators parameter) {
	name := p.word()
	p.skip(false)
	if p.take("=") {
		file.assigned[name] = p.value()
		return
	}
	kind := p.word()
	if decorators.Type == "secure" {
		kind = "secure" + kind
	}
	decorators.Type = kind
	p.skip(false)
	if p.take("=") {
		decorators.Default = p.value()
	}
	file.params[name] = decorators
}
