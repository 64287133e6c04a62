package handler

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// agentReads says what the agent makes of a status file: the rules of parse_ext_status,
// parse_formatted_message, parse_ext_substatus and collect_ext_status in
// azurelinuxagent/ga/exthandlers.py, written down once more. Where the agent's own code would run
// into an exception that it does not handle, and so report nothing for the whole VM, the error says so.
func agentReads(content []byte) (status string, err error) {
	if !utf8.Valid(content) {
		return "", errors.New("1012: is not UTF-8")
	}
	if utf8.RuneCount(content) > 128*1024 {
		return "", errors.New("would be truncated")
	}
	var document any
	if err := json.Unmarshal(content, &document); err != nil { // a byte order mark is an error here too
		return "", fmt.Errorf("1012: %w", err)
	}
	list, ok := document.([]any)
	if !ok {
		return "", errors.New("1012: is not an array")
	}
	if len(list) == 0 {
		return "", errors.New("has no result")
	}
	first, ok := list[0].(map[string]any)
	if !ok {
		return "", errors.New("uncaught TypeError")
	}
	body, ok := first["status"].(map[string]any)
	if !ok {
		return "", errors.New("1012: has no status")
	}
	return agentReadsBody(body)
}

func agentReadsBody(body map[string]any) (string, error) {
	status, ok := body["status"].(string)
	if !ok {
		return "", errors.New("1012: has no status.status")
	}
	if !slices.Contains(agentLevels, status) {
		status = "error" // without a word
	}
	if err := agentReadsMessage(body); err != nil {
		return "", err
	}
	substatuses, ok := body["substatus"].([]any)
	if body["substatus"] != nil && !ok {
		return "", errors.New("1012: substatus is not an array")
	}
	for _, item := range substatuses {
		sub, ok := item.(map[string]any)
		if !ok {
			return "", errors.New("1012: a substatus is not an object")
		}
		if level, _ := sub["status"].(string); !slices.Contains(agentLevels, level) {
			return "", fmt.Errorf("1012: a substatus is %q", level)
		}
		if err := agentReadsMessage(sub); err != nil {
			return "", err
		}
	}
	return status, nil
}

var agentLevels = []string{"transitioning", "warning", "error", "success"}

func agentReadsMessage(body map[string]any) error {
	if body["formattedMessage"] == nil {
		return nil
	}
	message, ok := body["formattedMessage"].(map[string]any)
	if !ok || message["lang"] == nil || message["message"] == nil {
		return errors.New("1012: formattedMessage lacks lang or message")
	}
	return nil
}

// agentTakes says whether the agent sends an event file: the rules of
// azurelinuxagent/ga/collect_telemetry_events.py in 2.7.3, the stricter one.
func agentTakes(content []byte) error {
	var members map[string]any
	if err := json.Unmarshal(content, &members); err != nil {
		return err
	}
	total := 0
	for _, key := range []string{"version", "timestamp", "taskname", "eventlevel", "message", "eventpid", "eventtid", "operationid"} {
		text, ok := "", false
		for k, v := range members {
			if strings.EqualFold(k, key) {
				text, ok = v.(string)
			}
		}
		if !ok || text == "" {
			return fmt.Errorf("%s is missing or not a string", key)
		}
		total += utf8.RuneCountInString(text)
	}
	if total > 6144 {
		return fmt.Errorf("the event has %d characters", total)
	}
	return nil
}
