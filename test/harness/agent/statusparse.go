package agent

import (
	"encoding/json"
	"fmt"
	"slices"
)

// parse reads the decoded file. complete says whether every message and every name of a step is
// there, which the agent needs when it has to cut.
func parse(file any) (status Status, complete bool, err error) {
	switch list := file.(type) {
	case nil:
		return Status{}, true, nil
	case []any:
		if len(list) == 0 {
			return Status{}, true, nil
		}
		return parseFirst(list[0])
	case map[string]any:
		return Status{}, false, errBad
	default:
		return Status{}, false, errFatal
	}
}

// parseFirst reads the first element; the agent looks at no other.
func parseFirst(first any) (Status, bool, error) {
	object, ok := first.(map[string]any)
	if !ok {
		return Status{}, false, errFatal
	}
	inner, ok := object["status"]
	if !ok {
		return Status{}, false, fmt.Errorf("%w: status is missing", errBad)
	}
	fields, ok := inner.(map[string]any)
	if !ok {
		return Status{}, false, errFatal
	}
	word, ok := fields["status"]
	if !ok {
		return Status{}, false, fmt.Errorf("%w: status/status is missing", errBad)
	}
	message, complete, err := parseMessage(fields["formattedMessage"])
	if err != nil {
		return Status{}, false, err
	}
	substatus, whole, err := parseSubstatus(fields["substatus"])
	if err != nil {
		return Status{}, false, err
	}
	return Status{
		State:     stateOf(word),
		Code:      codeField(fields["code"]),
		Operation: text(fields["operation"]),
		Message:   message,
		Substatus: substatus,
	}, complete && whole, nil
}

// stateOf gives the top state; a word that is none of the four, in just this spelling, is an error.
func stateOf(word any) string {
	if state := text(word); known(state) {
		return state
	}
	return Error
}

func known(state string) bool {
	return slices.Contains([]string{Transitioning, Warning, Error, Success}, state)
}

// parseMessage reads a formattedMessage, of which both parts are needed if it is there at all.
func parseMessage(value any) (message string, present bool, err error) {
	if value == nil {
		return "", false, nil
	}
	fields, ok := value.(map[string]any)
	if !ok {
		return "", false, errBad
	}
	for _, key := range []string{"lang", "message"} {
		if _, ok := fields[key]; !ok {
			return "", false, fmt.Errorf("%w: formattedMessage/%s is missing", errBad, key)
		}
	}
	return text(fields["message"]), fields["message"] != nil, nil
}

func parseSubstatus(value any) (steps []Substatus, complete bool, err error) {
	if value == nil {
		return nil, true, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, false, fmt.Errorf("%w: substatus is not a list", errBad)
	}
	complete = true
	for _, item := range list {
		if item == nil {
			continue
		}
		step, whole, err := parseStep(item)
		if err != nil {
			return nil, false, err
		}
		steps, complete = append(steps, step), complete && whole
	}
	return steps, complete, nil
}

func parseStep(item any) (step Substatus, complete bool, err error) {
	fields, ok := item.(map[string]any)
	if !ok {
		return Substatus{}, false, fmt.Errorf("%w: a substatus is no object", errBad)
	}
	state := text(fields["status"])
	if !known(state) {
		return Substatus{}, false, fmt.Errorf("%w: substatus/status %q", errBad, state)
	}
	message, present, err := parseMessage(fields["formattedMessage"])
	if err != nil {
		return Substatus{}, false, err
	}
	step = Substatus{Name: text(fields["name"]), State: state, Message: message, Code: codeField(fields["code"])}
	return step, present && fields["name"] != nil, nil
}

// text gives a string as it is and nothing for any other type.
func text(value any) string {
	s, _ := value.(string)
	return s
}

// codeField gives a whole number; the default, and what stands for any other type here, is 0.
func codeField(value any) int {
	number, ok := value.(json.Number)
	if !ok {
		return 0
	}
	n, err := number.Int64()
	if err != nil {
		return 0
	}
	return int(n)
}
