package dockerd

import (
	"fmt"
	"strconv"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/nearest"
)

// use is one flag as it was given, with its value.
type use struct {
	flag  Flag
	value string
	item  int // index in docker.options
}

// parser reads the arguments in the order in which dockerd's own parser (spf13/pflag) would.
type parser struct {
	place  string
	flags  []Flag
	words  []word
	uses   []use
	faults fault.List
}

// parse turns the options into uses of known flags, and says what cannot be read.
func parse(options []string, place string) ([]use, fault.List) {
	p := &parser{place: place, flags: Flags()}
	for i, option := range options {
		words, err := splitItem(option, i)
		if err != nil {
			p.fail(i, "write one flag such as --label=key=value", "%w", err)
		}
		p.words = append(p.words, words...)
	}
	for len(p.words) > 0 {
		p.step()
	}
	return p.uses, p.faults
}

// fail notes a fault in the option with that index.
func (p *parser) fail(item int, hint, format string, args ...any) {
	p.faults = append(p.faults, invalid(at(p.place, item), hint, format, args...))
}

func invalid(place, hint, format string, args ...any) *fault.Fault {
	return fault.New(fault.SettingsInvalid, place, hint, format, args...)
}

func at(place string, item int) string { return fmt.Sprintf("%s[%d]", place, item) }

// step reads one flag with its value.
func (p *parser) step() {
	w := p.words[0]
	p.words = p.words[1:]
	switch {
	case strings.HasPrefix(w.text, "--") && len(w.text) > 2:
		p.long(w)
	case strings.HasPrefix(w.text, "-") && len(w.text) > 1 && w.text != "--":
		p.short(w)
	default:
		p.fail(w.item, p.strayHint(w), "is neither a flag nor the value of the flag before it")
	}
}

// strayHint says what was probably meant by a value that no flag takes.
func (p *parser) strayHint(w word) string {
	if _, err := strconv.ParseBool(w.text); err == nil && len(p.uses) > 0 {
		if last := p.uses[len(p.uses)-1]; last.flag.Kind == Bool {
			return fmt.Sprintf("write --%s=%s", last.flag.Long, w.text)
		}
	}
	return "write flags as --flag=value"
}

func (p *parser) long(w word) {
	name, value, given := strings.Cut(w.text[2:], "=")
	flag, known := p.find(func(f Flag) bool { return f.Long == name })
	switch {
	case !known:
		p.unknown(w, name, given)
	case given:
		p.add(flag, value, w)
	case flag.Kind == Bool:
		p.add(flag, "true", w)
	default:
		p.addNext(flag, w)
	}
}

// short reads "-D", "-l debug", "-l=debug", "-ldebug" and "-Dl debug".
func (p *parser) short(w word) {
	name, _, _ := strings.Cut(w.text[1:], "=")
	if _, known := p.find(func(f Flag) bool { return f.Long == name && len(name) > 1 }); known {
		p.fail(w.item, "write --"+name, "-%s has one dash too few: the forms with one dash were removed in Docker 1.10", name)
		p.skipValue(strings.Contains(w.text, "="))
		return
	}
	for rest := w.text[1:]; rest != ""; {
		letter := rest[:1]
		rest = rest[1:]
		flag, known := p.find(func(f Flag) bool { return f.Short == letter })
		if !known {
			p.unknownShort(w, letter, name)
			return
		}
		if flag.Kind == Bool && !strings.HasPrefix(rest, "=") {
			p.add(flag, "true", w)
			continue
		}
		if rest == "" {
			p.addNext(flag, w)
			return
		}
		p.add(flag, strings.TrimPrefix(rest, "="), w)
		return
	}
}

// unknownShort is a fault for an argument with one dash, one of whose letters is no flag. What
// follows the letter may be a value, and is not repeated.
func (p *parser) unknownShort(w word, letter, name string) {
	hint := "leave it out, or write the flag's long form"
	if guess := p.nearest(name); len(name) > 1 && guess != "" {
		hint = "use --" + guess + ", the nearest flag, or leave it out"
	}
	p.fail(w.item, hint, "-%s is not a flag of dockerd", printable(letter))
	p.skipValue(strings.Contains(w.text, "="))
}

func (p *parser) unknown(w word, name string, given bool) {
	hint := "leave it out, or see the dockerd reference for the flag that is meant"
	if guess := p.nearest(name); guess != "" {
		hint = "use --" + guess + ", the nearest flag, or leave it out"
	}
	p.fail(w.item, hint, "--%s is not a flag of dockerd", printable(name))
	p.skipValue(given)
}

func (p *parser) nearest(name string) string {
	known := make([]string, 0, len(p.flags))
	for _, f := range p.flags {
		known = append(known, f.Long)
	}
	return nearest.Name(name, known)
}

// skipValue passes over what is most likely the value of a flag that is a fault itself, so that one
// mistake is told once.
func (p *parser) skipValue(given bool) {
	if !given && len(p.words) > 0 && !isFlag(p.words[0].text) {
		p.words = p.words[1:]
	}
}

// addNext adds a flag whose value is the next argument.
func (p *parser) addNext(flag Flag, w word) {
	if len(p.words) > 0 && !isFlag(p.words[0].text) {
		value := p.words[0].text
		p.words = p.words[1:]
		p.add(flag, value, w)
		return
	}
	if flag.Removed != "" || flag.Refused != "" {
		p.add(flag, "", w) // the translator says what is wrong with the flag itself
		return
	}
	p.fail(w.item, fmt.Sprintf("write it like --%s=%s", flag.Long, flag.Kind.example()), "--%s has no value", flag.Long)
}

// isFlag tells a flag from a value: negative numbers are values.
func isFlag(text string) bool {
	if !strings.HasPrefix(text, "-") {
		return false
	}
	_, err := strconv.Atoi(text)
	return err != nil
}

func (p *parser) add(flag Flag, value string, w word) {
	p.uses = append(p.uses, use{flag, value, w.item})
}

func (p *parser) find(match func(Flag) bool) (Flag, bool) {
	for _, f := range p.flags {
		if match(f) {
			return f, true
		}
	}
	return Flag{}, false
}

// printable shortens a name that somebody else chose and leaves out what a terminal would act on.
func printable(name string) string {
	clean := strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	return fault.Shorten(clean, 40)
}
