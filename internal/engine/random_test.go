package engine

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"docker-extension/internal/converge"
	"docker-extension/internal/fault"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
	"docker-extension/test/bodies"
	"docker-extension/test/harness/pki"
)

// mark is in every secret of a random body, and in nothing else.
const mark = "5ecretHush"

// drawer draws settings bodies.
type drawer struct {
	maker bodies.Maker
	certs map[string]any
}

func newDrawer(t testing.TB, seed uint64) *drawer {
	t.Helper()
	set, err := pki.NewSet(nil, "vm.example.com")
	if err != nil {
		t.Fatal(err)
	}
	triple := set.Triple()
	d := &drawer{certs: map[string]any{"ca": triple.CA, "cert": triple.Cert, "key": triple.Key}}
	secret := func(r *rand.Rand) any { return fmt.Sprintf("%s%d", mark, r.IntN(1000)) }
	d.maker = bodies.Maker{
		Rand: rand.New(rand.NewPCG(seed, seed)),
		Hooks: map[string]func(*rand.Rand) any{
			"docker.options":           options,
			"docker.daemon":            daemon,
			"docker.users[]":           func(r *rand.Rand) any { return []string{"ada", "azureuser"}[r.IntN(2)] },
			"docker.version":           func(*rand.Rand) any { return "26.1" },
			"docker.source.packages[]": func(*rand.Rand) any { return "docker-ce" },
			"compose": func(*rand.Rand) any {
				return map[string]any{"services": map[string]any{"web": map[string]any{"image": "nginx"}}}
			},
			"certs":         func(*rand.Rand) any { return d.certs },
			"login":         func(r *rand.Rand) any { return map[string]any{"username": "robot", "password": secret(r)} },
			"environment.*": secret,
		},
	}
	return d
}

// options are flags that go together whatever is chosen of them.
func options(r *rand.Rand) any {
	all := []string{
		"-D", "--label=a=b", "--label=c=d", "--dns=8.8.8.8", "--log-opt=max-file=3", "--mtu=1400", "-H=fd://", "--icc=false",
		"--default-ulimit=nofile=1024:2048", "--insecure-registry=r:5000", "--registry-mirror=https://m.example.com",
	}
	chosen := []any{}
	for _, flag := range all {
		if r.IntN(3) == 0 {
			chosen = append(chosen, flag)
		}
	}
	return chosen
}

// daemon are keys that do not contradict the options.
func daemon(r *rand.Rand) any {
	chosen := map[string]any{}
	for key, value := range map[string]any{
		"log-driver": "local", "log-opts": map[string]any{"max-size": "10m"}, "features": map[string]any{"a": true},
		"max-concurrent-downloads": 7, "runtimes": map[string]any{"x": map[string]any{"path": "/x"}}, "live-restore": false,
		"default-address-pools": []any{map[string]any{"base": "10.0.0.0/8", "size": 24}}, "builder": map[string]any{"gc": map[string]any{"enabled": true}},
	} {
		if r.IntN(3) == 0 {
			chosen[key] = value
		}
	}
	return chosen
}

// draw gives the two parts of valid settings.
func (d *drawer) draw(t testing.TB) (public, protected []byte) {
	t.Helper()
	parts := make([]map[string]any, 2)
	for i, schema := range []string{settings.PublicSchema(), settings.ProtectedSchema()} {
		body, err := d.maker.Body(schema)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(body, &parts[i]); err != nil {
			t.Fatal(err)
		}
	}
	// What the schema does not say: a port needs certificates, and a fingerprint a key.
	docker, _ := parts[0]["docker"].(map[string]any)
	if docker["port"] != nil {
		parts[1]["certs"] = d.certs
	}
	if source, _ := docker["source"].(map[string]any); source["key"] == nil {
		delete(source, "fingerprint")
	}
	public, _ = json.Marshal(parts[0])
	protected, _ = json.Marshal(parts[1])
	return public, protected
}

// hosts are those that the bodies are tried on.
func hosts() []state.Facts {
	lived := inhabited()
	lived.OS.Codename = "trixie"
	return []state.Facts{coded(), lived}
}

// refused tells whether an error is that of a source which would replace somebody's engine.
func refused(err error) bool {
	return err != nil && strings.HasPrefix(fault.Sentence(err, 0), placeSource+": cannot replace the engine of the package docker-ce")
}

// Whatever valid settings say gives a wanted state, and a host that has it needs nothing.
func TestRandomValidSettings(t *testing.T) {
	rounds := 1000
	if testing.Short() {
		rounds = 100
	}
	d := newDrawer(t, 1)
	for range rounds {
		public, protected := d.draw(t)
		s, err := settings.Parse(public, protected, settings.Options{Now: time.Now()})
		if err != nil {
			t.Fatalf("%s: %v", public, err)
		}
		for _, facts := range hosts() {
			goal, err := Running(s, facts)
			if s.Docker.Source.Named && refused(err) {
				continue
			}
			if err != nil {
				t.Fatalf("%s: %v", public, err)
			}
			goal.Have = goal.Want
			if left := converge.Diff(goal); len(left) > 0 {
				t.Fatalf("%s: %d steps to what is there", public, len(left))
			}
			if again, err := Running(s, equipped(facts, goal, "5:26.1.4-1")); err != nil || len(converge.Diff(again)) > 0 {
				t.Fatalf("%s: on the host that it made, %d steps, %v", public, len(converge.Diff(again)), err)
			}
		}
	}
}

// Whatever is made of valid settings gives faults or a wanted state, no panic, and no secret in a message.
func TestRandomMutations(t *testing.T) {
	const series = 4
	rounds := mutations / series
	if testing.Short() {
		rounds = 100
	}
	for seed := range uint64(series) {
		t.Run(fmt.Sprintf("series %d", seed), func(t *testing.T) {
			t.Parallel()
			mutate(t, newDrawer(t, 2+seed), rounds)
		})
	}
}

func mutate(t *testing.T, d *drawer, rounds int) {
	faults := 0
	for range rounds {
		public, protected := d.draw(t)
		if d.maker.Rand.IntN(2) == 0 {
			public = bodies.Mutate(d.maker.Rand, public)
		} else {
			protected = bodies.Mutate(d.maker.Rand, protected)
		}
		if d.try(t, public, protected) != nil {
			faults++
		}
	}
	t.Logf("%d bodies: %d with faults, %d with a state", rounds, faults, rounds-faults)
	if faults == 0 || faults == rounds {
		t.Error("all of one kind: the mutations are not worth much")
	}
}

// try gives what settings come to. An error is one of faults, each whole.
func (d *drawer) try(t *testing.T, public, protected []byte) error {
	t.Helper()
	defer func() {
		if broken := recover(); broken != nil {
			t.Fatalf("panic: %v\n%q\n%q", broken, public, protected)
		}
	}()
	s, err := settings.Parse(public, protected, settings.Options{Now: time.Now()})
	if err == nil {
		_, err = Running(s, coded())
	}
	for _, f := range fault.Faults(err) {
		if f.Code != fault.SettingsInvalid || f.Hint == "" || f.Place == "" {
			t.Fatalf("half a fault: %+v\n%q\n%q", f, public, protected)
		}
	}
	names := strings.NewReplacer(namesIn(protected)...)
	if text := names.Replace(fault.Sentence(err, 0)); err != nil && (strings.Contains(text, mark) || strings.Contains(text, "PRIVATE KEY")) {
		t.Fatalf("a secret is shown: %s\n%q", text, protected)
	}
	if notes := names.Replace(strings.Join(s.Notes, "\n")); strings.Contains(notes, mark) {
		t.Fatalf("a secret is noted: %s", notes)
	}
	return err
}

// namesIn gives the keys in which a mutation has put a secret, each with nothing in its place: a key may be
// named.
func namesIn(body []byte) (replacements []string) {
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for name, item := range v {
				if strings.Contains(name, mark) {
					replacements = append(replacements, name, "")
				}
				walk(item)
			}
		}
	}
	var v any
	if json.Unmarshal(body, &v) == nil {
		walk(v)
	}
	return replacements
}
