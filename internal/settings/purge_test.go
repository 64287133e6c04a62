package settings

import "testing"

// Uninstall must find the one key that it needs whatever else is wrong, and delete nothing by
// mistake.
func TestPurgeData(t *testing.T) {
	tests := []struct {
		public string
		want   bool
		fails  bool
	}{
		{"", false, false},
		{"null", false, false},
		{`{}`, false, false},
		{`{"uninstall": {"purgeData": true}}`, true, false},
		{`{"uninstall": {"purgeData": "True"}, "docker": {"port": "abc"}, "unknown": 1}`, true, false},
		{`{"uninstall": {"purgeData": "yes"}}`, false, false},
		{`{"uninstall": {"purgeData": 1}}`, false, false},
		{`{"uninstall": {"purgeData": null}}`, false, false},
		{`{"uninstall": {"purgeData": [true]}}`, false, false},
		{`{"uninstall": true}`, false, true},
		{`{"uninstall"`, false, true},
	}
	for _, test := range tests {
		got, err := PurgeData([]byte(test.public))
		if got != test.want || (err != nil) != test.fails {
			t.Errorf("PurgeData(%s) = %v, %v", test.public, got, err)
		}
	}
}
