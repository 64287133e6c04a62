package engine

import (
	"errors"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// An engine that somebody else runs is in the way, whether ours runs too or is not even installed.
func TestRivalIsAFault(t *testing.T) {
	for _, test := range []struct {
		rival state.Rival
		says  []string
	}{
		{state.Rival{Unit: state.SnapService}, []string{state.SnapService + ": cannot run the engine", "`snap stop --disable docker`"}},
		{state.Rival{Unit: "mine.service", Process: 812}, []string{"mine.service: cannot run the engine: process 812", "`systemctl disable --now mine.service`"}},
		{state.Rival{Unit: "session-1.scope", Process: 812}, []string{"process 812: cannot run the engine", "started in session-1.scope", "end that process"}},
		{state.Rival{Process: 812}, []string{"process 812: cannot run the engine: this process is another one (end that process"}},
	} {
		for _, facts := range []state.Facts{inhabited(), fresh()} {
			facts.Rival = test.rival
			_, err := Running(plain(), facts)
			var refusal *fault.Fault
			if !errors.As(err, &refusal) || refusal.Code != fault.HostConfig {
				t.Errorf("%+v: error %v", test.rival, err)
				continue
			}
			said := refusal.Error() + " (" + refusal.Hint + ")"
			for _, words := range test.says {
				if !strings.Contains(said, words) {
					t.Errorf("%+v: %s does not say %q", test.rival, said, words)
				}
			}
		}
	}
}
