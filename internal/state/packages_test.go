package state

import "testing"

func TestVersionFits(t *testing.T) {
	tests := []struct {
		version, wanted string
		fits            bool
	}{
		{"5:26.1.4-1~debian.12~bookworm", "26.1", true},
		{"5:26.1.4-1~debian.12~bookworm", "26", true},
		{"5:26.1.4-1~debian.12~bookworm", "5:26.1", true},
		{"5:26.1.4-1~debian.12~bookworm", "26.1.4", true},
		{"5:26.1.4-1~debian.12~bookworm", "5:26.1.4-1~debian.12~bookworm", true},
		{"26.1.5+dfsg1-9+b9", "26.1", true},
		{"20.10.24+dfsg1-1+deb12u1+b6", "20.10", true},
		{"5:26.10.0-1", "26.1", false},
		{"5:26.1.4-1", "6.1", false},
		{"5:26.1.4-1", "2", false},
		{"5:26.1.4-1", "5", true}, // an epoch is a beginning, too
		{"26.1.5", "5:26.1", false},
		{"26.1.5", "26.1.5-1", false},
		{"5:26.1.4-1", "26.1.", true},
		{"", "26", false},
		{"26.1.5", "", true},
	}
	for _, test := range tests {
		if got := VersionFits(test.version, test.wanted); got != test.fits {
			t.Errorf("%q for %q: %v", test.version, test.wanted, got)
		}
	}
}
