package lists

import (
	"slices"
	"testing"
)

func TestLists(t *testing.T) {
	list, others := []string{"c", "a", "b", "a"}, []string{"a", "d"}
	if got := Without(list, others); !slices.Equal(got, []string{"c", "b"}) {
		t.Errorf("without: %q", got)
	}
	if got := Shared(list, others); !slices.Equal(got, []string{"a", "a"}) {
		t.Errorf("shared: %q", got)
	}
	if got := Union(list, others); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
		t.Errorf("union: %q", got)
	}
	if !slices.Equal(list, []string{"c", "a", "b", "a"}) {
		t.Errorf("the list itself has changed: %q", list)
	}
}
