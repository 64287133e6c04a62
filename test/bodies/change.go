package bodies

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Change is a single difference in the settings, and what has to be said of it before it is made.
type Change struct {
	Name              string
	Public, Protected string // merge patches (RFC 7396) of the settings before; "" for none
	Steps             string // names of the steps, but for "approval", which old engines do not know
	Lines             string // removed and added lines of files, and what other steps do, one below the other
}

// Base are public settings to start from. PORT stands for a port.
const Base = `{
  "docker": {
    "port": PORT, "options": ["--label=rack=7", "--log-opt=max-size=10m"], "daemon": {"dns": ["10.0.0.1"]}, "users": ["azureuser"]
  },
  "compose-environment": {"COMPOSE_PROJECT_NAME": "shop"}
}`

// Patch makes a change of a JSON document, by a merge patch.
func Patch(document []byte, patch string) ([]byte, error) {
	if patch == "" {
		return document, nil
	}
	var target, change any
	if err := json.Unmarshal(document, &target); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(patch), &change); err != nil {
		return nil, fmt.Errorf("%s: %w", patch, err)
	}
	return json.Marshal(merge(target, change))
}

func merge(target, change any) any {
	members, ok := change.(map[string]any)
	if !ok {
		return change
	}
	merged := map[string]any{}
	if before, ok := target.(map[string]any); ok {
		merged = maps.Clone(before)
	}
	for name, value := range members {
		if value == nil {
			delete(merged, name)
			continue
		}
		merged[name] = merge(merged[name], value)
	}
	return merged
}

// Plan is what a plan of the extension says, as far as Change does.
type Plan struct {
	NothingToDo bool `json:"nothingToDo"`
	Steps       []struct {
		Name, Summary string
		Files         []struct{ Path, Diff, Mode string }
	}
}

// StepNames gives the names of the steps as Change has them.
func (p Plan) StepNames() string {
	var names []string
	for _, step := range p.Steps {
		if step.Name != "approval" {
			names = append(names, step.Name)
		}
	}
	return strings.Join(names, ", ")
}

// Lines gives the lines as Change has them. What the engine is asked or told follows from the other steps.
func (p Plan) Lines() string {
	var lines []string
	for _, step := range p.Steps {
		if len(step.Files) == 0 && !slices.Contains([]string{"docker", "engine answers", "approval"}, step.Name) {
			lines = append(lines, step.Summary)
		}
		for _, file := range step.Files {
			lines = append(lines, changed(file.Diff)...)
		}
	}
	return strings.Join(lines, "\n")
}

// changed gives the removed and added lines of a unified diff, without their indentation.
func changed(diff string) []string {
	var lines []string
	for line := range strings.Lines(diff) {
		if strings.HasPrefix(line, "--- ") || strings.HasPrefix(line, "+++ ") {
			continue
		}
		if strings.HasPrefix(line, "-") || strings.HasPrefix(line, "+") {
			lines = append(lines, line[:1]+strings.TrimSpace(line[1:]))
		}
	}
	return lines
}
