package settings

import (
	"testing"

	"docker-extension/internal/fault"
)

// The name is the variable's, or the file's own, in which compose puts variables in, or the default.
func TestProjectName(t *testing.T) {
	const (
		rule = "is not the name of a project (use up to 63 small letters, digits, dashes and underscores, a letter or digit first)"
		own  = "publicSettings.compose.name: "
	)
	tests := []struct{ test, name, public, secret, want string }{
		{"none", ``, `{}`, `{}`, "compose"},
		{"plain", `shop`, `{}`, `{}`, "shop"},
		{"a default", `${N:-shop}`, `{}`, `{}`, "shop"},
		{"a variable", `${N:-shop}`, `{"N": "blog"}`, `{}`, "blog"},
		{"a part", `shop-$N`, `{"N": "1"}`, `{}`, "shop-1"},
		{"nothing comes of it", `${N}`, `{}`, `{}`, "compose"},
		{"the variable for it wins", `${N:?}`, `{"COMPOSE_PROJECT_NAME": "blog"}`, `{"N": "hush"}`, "blog"},
		{"a value that is none", `${N}`, `{"N": "My Shop"}`, `{}`, own + rule},
		{"more than we work out", `${N:?}`, `{"N": "blog"}`, `{}`,
			own + "cannot be worked out (write the name out, or set COMPOSE_PROJECT_NAME in publicSettings.compose-environment)"},
		{"a secret", `${N:-shop}`, `{"N": "blog"}`, `{"N": "hush"}`,
			own + "has the secret variable N in it, and every container of the project shows its name (write the name out, or set COMPOSE_PROJECT_NAME in publicSettings.compose-environment)"},
	}
	for _, test := range tests {
		t.Run(test.test, func(t *testing.T) {
			public := `{"compose": {"name": "` + test.name + `", "services": {"web": {"image": "w"}}}, "compose-environment": ` + test.public + `}`
			s, err := Parse([]byte(public), []byte(`{"environment": `+test.secret+`}`), Options{})
			got := s.ProjectName
			if err != nil {
				got = fault.Sentence(err, 0)
			}
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}
