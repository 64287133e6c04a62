package enable

import (
	"strings"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/oplog"
)

// A person who sent two mistakes wants to hear of both, also where one shows in the schema and the other
// only beside the protected settings.
func TestParseTellsAllAtOnce(t *testing.T) {
	tests := []struct {
		name, public string
		code         fault.Code
		places       string
	}{
		{"right", `{"docker":{"options":["-D"]}}`, fault.OK, ""},
		{"wrong", `{"docker":{"port":2375}}`, fault.SettingsInvalid, "publicSettings.docker.port"},
		{"both", `{"docker":{"port":2375,"version":"~26"}}`, fault.SettingsInvalid, "publicSettings.docker.port publicSettings.docker.version"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Enable{Now: time.Now}.parse(Order{Public: []byte(test.public)}, &oplog.Redactor{})
			var places []string
			for _, f := range fault.Faults(err) {
				places = append(places, f.Place)
			}
			if got := strings.Join(places, " "); got != test.places || fault.CodeOf(err) != test.code {
				t.Errorf("faults at %q with code %d, want %q with %d", got, fault.CodeOf(err), test.places, test.code)
			}
		})
	}
}
