package enable

import (
	"docker-extension/handler"
	"docker-extension/internal/converge"
	"docker-extension/internal/fault"
	"docker-extension/internal/host"
	"docker-extension/internal/state"
)

// record keeps how the run went for people who ask later. The status file does not do: the next call
// with nothing to do replaces it, and so do settings that are refused.
func (s *shift) record(level handler.Level, message string, result converge.Result, err error) error {
	code := fault.CodeOf(err)
	run := state.Run{
		Extension: s.order.Extension, Version: s.order.Version, Sequence: s.order.Sequence,
		Started: s.started.UTC(), Ended: s.Now().UTC(),
		Status: level.String(), Code: int(code), Name: code.String(), Message: s.secrets.Redact(message),
		Steps: []state.RunStep{}, Notes: []string{},
	}
	for _, p := range result.Steps {
		run.Steps = append(run.Steps, s.recorded(p))
	}
	for _, note := range result.Notes {
		run.Notes = append(run.Notes, s.secrets.Redact(note))
	}
	before, _ := host.LoadRun(s.Root)
	run.Applied = before.Applied
	if err == nil {
		run.Applied = &state.Applied{Sequence: run.Sequence, At: run.Ended}
	}
	return host.SaveRun(s.Root, run)
}

func (s *shift) recorded(p converge.Progress) state.RunStep {
	step := state.RunStep{Name: p.Name, Summary: s.secrets.Redact(p.Summary), Status: "waiting", Milliseconds: p.Took.Milliseconds()}
	switch p.Phase {
	case converge.Done:
		step.Status = "done"
	case converge.Failed:
		step.Status = "failed"
		step.Error = s.secrets.Redact(p.Err.Error())
	}
	return step
}
