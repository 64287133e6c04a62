package settings

import "testing"

func TestWherePlacesStand(t *testing.T) {
	const text = "\n{\n  \"docker\": {\n    \"prot\": 1,\n    \"optiöns\": [\"-D\",\n      7]\n  }, \"x y\": null\n}\n"
	tests := []struct {
		text, place string
		want        Position
	}{
		{text, "publicSettings", Position{2, 1}},
		{text, "publicSettings.docker", Position{3, 3}},
		{text, "publicSettings.docker.prot", Position{4, 5}},
		{text, `publicSettings.docker["optiöns"][0]`, Position{5, 17}},
		{text, `publicSettings.docker["optiöns"][1]`, Position{6, 7}},
		{text, `publicSettings["x y"]`, Position{7, 6}},
		{text, "publicSettings.docker.port", Position{3, 3}},      // not there: what is around it
		{text, "publicSettings.docker.a.b[3]", Position{3, 3}},    // ditto
		{text, "protectedSettings.certs", Position{}},             // another file
		{text, "/etc/docker/daemon.json", Position{}},             // no setting
		{`{"a": 1, "a": 2}`, "publicSettings.a", Position{1, 10}}, // the second is the one too many
		{"{\n \"a\": 1,}", "publicSettings", Position{2, 9}},
		{"{\n", "publicSettings", Position{1, 1}},
		{"", "publicSettings", Position{1, 1}},
		{"\n\n{]", "publicSettings.docker", Position{3, 2}},
		{`[{"a":[[1]]}]`, "publicSettings[0].a[0][0]", Position{1, 9}},
	}
	for _, test := range tests {
		if got := PublicPlaces([]byte(test.text)).Position(test.place); got != test.want {
			t.Errorf("%q: %s stands at %v, want %v", test.text, test.place, got, test.want)
		}
	}
	if got := ProtectedPlaces([]byte(`{"certs": {}}`)).Position("protectedSettings.certs.ca"); got != (Position{1, 2}) {
		t.Errorf("certs stands at %v", got)
	}
}

func FuzzPlaces(f *testing.F) {
	for _, text := range []string{`{"a": [1, {"b": "c"}]}`, `{`, "\xff", `"x"`, `{"": {"": []}}`} {
		f.Add([]byte(text), "publicSettings.a[1].b")
	}
	f.Fuzz(func(t *testing.T, text []byte, place string) {
		p := PublicPlaces(text).Position(place)
		if p != (Position{}) && (p.Line < 1 || p.Column < 1) {
			t.Errorf("%v", p)
		}
	})
}
