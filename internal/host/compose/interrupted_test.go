package compose

import (
	"testing"

	"docker-extension/internal/host/docker"
)

// A container that compose had made to take another's place, when it was cut off, is in its way. One that
// has started, one whose other is gone, and one that only has such a name are none of our business.
func TestHalfMade(t *testing.T) {
	const id, name = "0123456789abcdef", "0123456789ab_shop-web-1"
	old := docker.Container{ID: id, Name: "shop-web-1", Service: "web", State: "exited"}
	made := docker.Container{ID: "f00", Name: name, Service: "web", State: "created"}
	started, foreign := made, made
	started.State, foreign.Service = "running", "db"
	tests := map[string]struct {
		one    docker.Container
		others []docker.Container
		want   bool
	}{
		"made, not started":          {made, []docker.Container{old}, true},
		"started":                    {started, []docker.Container{old}, false},
		"the only one":               {made, nil, false},
		"of another service":         {foreign, []docker.Container{old}, false},
		"called by its own number":   {docker.Container{ID: id, Name: name, Service: "web", State: "created"}, nil, false},
		"not called by any number":   {docker.Container{ID: "f00", Name: "shop_web_1", Service: "web", State: "created"}, []docker.Container{old}, false},
		"the one that it would take": {old, []docker.Container{made}, false},
	}
	for what, test := range tests {
		if got := halfMade(test.one, append(test.others, test.one)); got != test.want {
			t.Errorf("%s: %v", what, got)
		}
	}
}
