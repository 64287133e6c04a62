package secret

import "testing"

func TestSeal(t *testing.T) {
	seals := map[string]bool{}
	for _, seal := range []string{
		Seal([]byte("k"), "ab", "c"), Seal([]byte("k"), "a", "bc"), Seal([]byte("k"), "abc"), Seal([]byte("l"), "ab", "c"), Seal(nil),
	} {
		seals[seal] = true
	}
	if len(seals) != 5 || !seals[Seal([]byte("k"), "ab", "c")] {
		t.Errorf("two of five are the same, or one is two: %v", seals)
	}
}
