package dockerd

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"docker-extension/internal/fault"
)

func TestMerge(t *testing.T) {
	tests := []struct {
		name                            string
		present, owned, earlier, wanted string // present "-" = no file
		pending                         string // "" = no run was cut off
		content                         string // "=" = the present bytes
		newOwned, newEarlier            string
		overridden, kept, left          []string
		empty                           bool
	}{
		{name: "no file, nothing wanted", present: "-", content: "=", empty: true},
		{name: "no file", present: "-", wanted: `{"debug":true,"bip":"a"}`,
			content: "{\n  \"bip\": \"a\",\n  \"debug\": true\n}\n", newOwned: `{"debug":true,"bip":"a"}`},
		{name: "empty file", present: " \n", wanted: `{"debug":true}`, content: "{\n  \"debug\": true\n}\n", newOwned: `{"debug":true}`},
		{name: "empty file stays", present: " \n", content: "=", empty: true},
		{name: "foreign keys stay", present: `{"mtu":1400}`, wanted: `{"debug":true}`,
			content: "{\n  \"debug\": true,\n  \"mtu\": 1400\n}\n", newOwned: `{"debug":true}`},
		{name: "foreign text untouched", present: "{ \"mtu\" : 1400,\n\t\"log-opts\":{\"b\":\"<\",\"a\":\"\"} }", content: "="},
		{name: "the same again", present: `{"debug": true}`, owned: `{"debug":true}`, wanted: `{"debug":true}`, content: "=", newOwned: `{"debug":true}`},
		{name: "a foreign value gives way", present: `{"debug":false}`, wanted: `{"debug":true}`,
			content: "{\n  \"debug\": true\n}\n", newOwned: `{"debug":true}`, newEarlier: `{"debug":false}`},
		{name: "an empty string is a value", present: `{"bip":"10.9.0.1/24"}`, wanted: `{"bip":""}`,
			content: "{\n  \"bip\": \"\"\n}\n", newOwned: `{"bip":""}`, newEarlier: `{"bip":"10.9.0.1/24"}`},
		{name: "an empty string again", present: `{"bip":""}`, owned: `{"bip":""}`, wanted: `{"bip":""}`, content: "=", newOwned: `{"bip":""}`},
		{name: "an empty string dropped", present: `{"bip":""}`, owned: `{"bip":""}`, earlier: `{"bip":"10.9.0.1/24"}`, content: "{\n  \"bip\": \"10.9.0.1/24\"\n}\n"},
		{name: "a foreign value that is wanted", present: `{"debug" :true}`, wanted: `{"debug":true}`,
			content: "=", newOwned: `{"debug":true}`, newEarlier: `{"debug":true}`},
		{name: "dropped", present: `{"debug":true,"mtu":1}`, owned: `{"debug":true}`, content: "{\n  \"mtu\": 1\n}\n"},
		{name: "dropped, the last one", present: `{"debug":true}`, owned: `{"debug":true}`, content: "{}\n", empty: true},
		{name: "given back", present: `{"debug":true}`, owned: `{"debug":true}`, earlier: `{"debug":false}`, content: "{\n  \"debug\": false\n}\n"},
		{name: "given back, the same value", present: `{"debug":true}`, owned: `{"debug":true}`, earlier: `{"debug":true}`, content: "="},
		{name: "changed settings", present: `{"debug":true,"mtu":1}`, owned: `{"debug":true,"mtu":1}`, earlier: `{"mtu":9}`, wanted: `{"mtu":2}`,
			content: "{\n  \"mtu\": 2\n}\n", newOwned: `{"mtu":2}`, newEarlier: `{"mtu":9}`},
		{name: "somebody changed our key", present: `{"mtu":7}`, owned: `{"mtu":1}`, earlier: `{"mtu":9}`, wanted: `{"mtu":1}`,
			content: "=", newOwned: `{"mtu":1}`, newEarlier: `{"mtu":9}`, kept: []string{"mtu"}},
		{name: "somebody changed our key, and then the settings did", present: `{"mtu":7}`, owned: `{"mtu":1}`, earlier: `{"mtu":9}`, wanted: `{"mtu":2}`,
			content: "{\n  \"mtu\": 2\n}\n", newOwned: `{"mtu":2}`, newEarlier: `{"mtu":9}`, overridden: []string{"mtu"}},
		{name: "somebody switched TLS off", present: `{"tlsverify":false}`, owned: `{"tlsverify":true}`, wanted: `{"tlsverify":true}`,
			content: "{\n  \"tlsverify\": true\n}\n", newOwned: `{"tlsverify":true}`, overridden: []string{"tlsverify"}},
		{name: "somebody removed TLS", present: `{}`, owned: `{"tlsverify":true}`, wanted: `{"tlsverify":true}`,
			content: "{\n  \"tlsverify\": true\n}\n", newOwned: `{"tlsverify":true}`, overridden: []string{"tlsverify"}},
		{name: "somebody did what we want now", present: `{"mtu":2}`, owned: `{"mtu":1}`, wanted: `{"mtu":2}`, content: "=", newOwned: `{"mtu":2}`},
		{name: "somebody removed our key", present: `{}`, owned: `{"mtu":1}`, wanted: `{"mtu":1}`, content: "=", newOwned: `{"mtu":1}`, kept: []string{"mtu"}, empty: true},
		{name: "somebody changed a key that we drop", present: `{"mtu":7}`, owned: `{"mtu":1}`, content: "=", left: []string{"mtu"}},
		{name: "somebody removed a key that we drop", present: `{}`, owned: `{"mtu":1}`, earlier: `{"mtu":9}`, content: "=", empty: true},
		{name: "file lost", present: "-", owned: `{"mtu":1}`, earlier: `{"mtu":9}`, content: "=", empty: true},
		{name: "file lost, and wanted", present: "-", owned: `{"mtu":1}`, earlier: `{"mtu":9}`, wanted: `{"mtu":1}`,
			content: "{\n  \"mtu\": 1\n}\n", newOwned: `{"mtu":1}`, newEarlier: `{"mtu":9}`},
		{name: "died before the first write, then dropped", present: `{"mtu":9}`, pending: `{"mtu":1}`, earlier: `{"mtu":9}`, content: "="},
		{name: "died before the first write, then again", present: `{"mtu":9}`, pending: `{"mtu":1}`, earlier: `{"mtu":9}`, wanted: `{"mtu":1}`,
			content: "{\n  \"mtu\": 1\n}\n", newOwned: `{"mtu":1}`, newEarlier: `{"mtu":9}`},
		{name: "died after the first write, then dropped", present: `{"mtu":1}`, pending: `{"mtu":1}`, earlier: `{"mtu":9}`, content: "{\n  \"mtu\": 9\n}\n"},
		{name: "died after a change, then back", present: `{"mtu":2}`, owned: `{"mtu":1}`, pending: `{"mtu":2}`, wanted: `{"mtu":1}`,
			content: "{\n  \"mtu\": 1\n}\n", newOwned: `{"mtu":1}`},
		{name: "died after a drop, then again", present: `{}`, owned: `{"mtu":1}`, pending: `{}`, wanted: `{"mtu":1}`,
			content: "{\n  \"mtu\": 1\n}\n", newOwned: `{"mtu":1}`},
		{name: "died, and somebody changed it", present: `{"mtu":7}`, owned: `{"mtu":1}`, pending: `{"mtu":2}`, wanted: `{"mtu":2}`,
			content: "=", newOwned: `{"mtu":2}`, kept: []string{"mtu"}},

		{name: "a person's log option and ours", present: `{"log-opts":{"max-size":"10m"}}`, wanted: `{"log-opts":{"max-file":"3"}}`,
			content:  "{\n  \"log-opts\": {\n    \"max-file\": \"3\",\n    \"max-size\": \"10m\"\n  }\n}\n",
			newOwned: `{"log-opts/max-file":"3"}`},
		{name: "our log option dropped", present: `{"log-opts":{"max-size":"10m","max-file":"3"}}`, owned: `{"log-opts/max-file":"3"}`,
			content: "{\n  \"log-opts\": {\n    \"max-size\": \"10m\"\n  }\n}\n"},
		{name: "our only log option dropped", present: `{"log-opts":{"max-file":"3"}}`, owned: `{"log-opts/max-file":"3"}`, content: "{}\n", empty: true},
		{name: "an empty object given back", present: `{"log-opts":{"max-file":"3"}}`, owned: `{"log-opts/max-file":"3"}`, earlier: `{"log-opts":{}}`,
			content: "{\n  \"log-opts\": {}\n}\n"},
		{name: "what is no object gives way", present: `{"log-opts":"x"}`, wanted: `{"log-opts":{"max-file":"3"}}`,
			content: "{\n  \"log-opts\": {\n    \"max-file\": \"3\"\n  }\n}\n", newOwned: `{"log-opts/max-file":"3"}`, newEarlier: `{"log-opts":"x"}`},
		{name: "somebody changed our log option", present: `{"log-opts":{"max-file":"7","tag":"t"}}`, owned: `{"log-opts/max-file":"3"}`,
			wanted: `{"log-opts":{"max-file":"3"}}`, content: "=", newOwned: `{"log-opts/max-file":"3"}`, kept: []string{"log-opts.max-file"}},
		{name: "a record from before there were paths", present: `{"log-opts":{"max-file":"3","tag":"t"}}`, owned: `{"log-opts":{"max-file":"3"}}`,
			content: "{\n  \"log-opts\": {\n    \"tag\": \"t\"\n  }\n}\n"},
		{name: "a runtime is one value", present: `{"runtimes":{"x":{"path":"/a","runtimeArgs":["-v"]}}}`, wanted: `{"runtimes":{"x":{"path":"/b"},"y":{"path":"/c"}}}`,
			content:  "{\n  \"runtimes\": {\n    \"x\": {\n      \"path\": \"/b\"\n    },\n    \"y\": {\n      \"path\": \"/c\"\n    }\n  }\n}\n",
			newOwned: `{"runtimes/x":{"path":"/b"},"runtimes/y":{"path":"/c"}}`, newEarlier: `{"runtimes/x":{"path":"/a","runtimeArgs":["-v"]}}`},
		{name: "a list is one value", present: `{"dns":["1.1.1.1"]}`, wanted: `{"dns":["8.8.8.8"]}`,
			content: "{\n  \"dns\": [\n    \"8.8.8.8\"\n  ]\n}\n", newOwned: `{"dns":["8.8.8.8"]}`, newEarlier: `{"dns":["1.1.1.1"]}`},
		{name: "options of a network, two levels deep", present: `{"default-network-opts":{"bridge":{"a":"1"}}}`, wanted: `{"default-network-opts":{"bridge":{"b":"2"}}}`,
			content:  "{\n  \"default-network-opts\": {\n    \"bridge\": {\n      \"a\": \"1\",\n      \"b\": \"2\"\n    }\n  }\n}\n",
			newOwned: `{"default-network-opts/bridge/b":"2"}`},
		{name: "the builder, as deep as it goes", present: `{"builder":{"gc":{"enabled":true}}}`, wanted: `{"builder":{"gc":{"defaultKeepStorage":"10GB"},"entitlements":{}}}`,
			content:  "{\n  \"builder\": {\n    \"gc\": {\n      \"defaultKeepStorage\": \"10GB\",\n      \"enabled\": true\n    }\n  }\n}\n",
			newOwned: `{"builder/gc/defaultKeepStorage":"10GB"}`},
		{name: "names with slashes and tildes", present: `{"features":{"a/b~c":true}}`, wanted: `{"features":{"a/b":true}}`,
			content: "{\n  \"features\": {\n    \"a/b\": true,\n    \"a/b~c\": true\n  }\n}\n", newOwned: `{"features/a~1b":true}`},
		{name: "numbers are exact", present: `{"x":12345678901234567890}`, wanted: `{"x":12345678901234567891}`,
			content: "{\n  \"x\": 12345678901234567891\n}\n", newOwned: `{"x":12345678901234567891}`, newEarlier: `{"x":12345678901234567890}`},
		{name: "1 is not 1.0", present: `{"x":1.0}`, wanted: `{"x":1}`, content: "{\n  \"x\": 1\n}\n", newOwned: `{"x":1}`, newEarlier: `{"x":1.0}`},
		{name: "member order does not count", present: `{"x":{"a":1,"b":2}}`, owned: `{"x":{"b":2,"a":1}}`, wanted: `{"x":{"b":2,"a":1}}`,
			content: "=", newOwned: `{"x":{"b":2,"a":1}}`},
		{name: "characters stay", present: `{"b":"<&>é\u00e9"}`, wanted: `{"a":"<&>"}`,
			content: "{\n  \"a\": \"<&>\",\n  \"b\": \"<&>é\\u00e9\"\n}\n", newOwned: `{"a":"<&>"}`},
		{name: "byte order mark", present: "\ufeff{\"mtu\":1}", wanted: `{"mtu":1}`, content: "=", newOwned: `{"mtu":1}`, newEarlier: `{"mtu":1}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var present []byte
			if test.present != "-" {
				present = []byte(test.present)
			}
			got, err := Merge(present, Memory{members(t, test.owned), members(t, test.pending), members(t, test.earlier)}, members(t, test.wanted))
			if err != nil {
				t.Fatal(err)
			}
			want := []byte(test.content)
			if test.content == "=" {
				want = present
			}
			if !bytes.Equal(got.Content, want) || got.Changed != (test.content != "=") || got.Empty != test.empty {
				t.Errorf("content %q, changed %v, empty %v; want %q, empty %v", got.Content, got.Changed, got.Empty, want, test.empty)
			}
			if !sameMembers(got.Owned, members(t, test.newOwned)) || !sameMembers(got.Earlier, members(t, test.newEarlier)) {
				t.Errorf("owned %s, earlier %s", marshal(got.Owned), marshal(got.Earlier))
			}
			if !slices.Equal(got.Overridden, test.overridden) || !slices.Equal(got.Kept, test.kept) || !slices.Equal(got.Left, test.left) {
				t.Errorf("overridden %v, kept %v, left %v", got.Overridden, got.Kept, got.Left)
			}
		})
	}
}

func members(t testing.TB, text string) map[string]json.RawMessage {
	if text == "" {
		return nil
	}
	return object(t, text)
}

func TestMergeBrokenFile(t *testing.T) {
	tests := []struct{ name, present, text string }{
		{"syntax", "{\n  \"secret\": hunter2\n}", "is not JSON (line 2, column 13)"},
		{"end missing", `{"a":1`, "is not JSON (line 1, column 6)"},
		{"trailing comma", "{\"a\":1,\n}", "is not JSON (line 2, column 1)"},
		{"more after it", "{}\n{}", "is not JSON (line 2, column 1)"},
		{"comment", "{\n// hunter2\n}", "is not JSON (line 2, column 1)"},
		{"list", " \n [1]", "is not a JSON object (line 2, column 2)"},
		{"null", "null", "is not a JSON object (line 1, column 1)"},
		{"same key twice", "{\"é\":1,\n  \"a\":\"hunter2\", \"a\" : 2}", "has the same key twice (line 2, column 18)"},
		{"same key twice, spelled otherwise", `{"a":1, "\u0061":2}`, "has the same key twice (line 1, column 9)"},
		{"same key twice, inside", "{\"x\":[{\"a\":1,\n\"a\":1}]}", "has the same key twice (line 2, column 1)"},
		{"not UTF-8", "{\"a\":\"\xff\"}", "is not UTF-8 text (line 1, column 7)"},
		{"deep", `{"a":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "}", "is nested deeper than 100 levels (line 1, column 105)"},
		{"very deep", strings.Repeat("[", 20000), "is not JSON"},
		{"large", `{"a":"` + strings.Repeat("x", maxDocument) + `"}`, "is larger than 1048576 bytes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := Merge([]byte(test.present), Memory{}, object(t, `{"debug":true}`))
			var f *fault.Fault
			if !errors.As(err, &f) || f.Code != fault.HostConfig || f.Place != ConfigFile || f.Hint == "" || got.Content != nil {
				t.Fatalf("got %+v, %v", got, err)
			}
			if !strings.Contains(f.Error(), test.text) || strings.Contains(f.Error()+f.Hint, "hunter2") {
				t.Errorf("got  %s\nwant %s", f, test.text)
			}
		})
	}
}

// What goes in is not changed, so that a caller can compare before and after.
func TestMergeLeavesItsInputAlone(t *testing.T) {
	owned, earlier, wanted := object(t, `{"a":1}`), object(t, `{"a":0}`), object(t, `{"b":2}`)
	if _, err := Merge([]byte(`{"a":1,"b":1}`), Memory{Owned: owned, Earlier: earlier}, wanted); err != nil {
		t.Fatal(err)
	}
	if len(owned) != 1 || len(earlier) != 1 || len(wanted) != 1 {
		t.Errorf("owned %v, earlier %v, wanted %v", owned, earlier, wanted)
	}
}

// Merging the result again changes nothing, and dropping every key gives the file back.
func FuzzMerge(f *testing.F) {
	f.Add(`{"mtu":1400}`, `{"debug":true}`, `{"mtu":1}`)
	f.Add(``, `{"a":{"b":[1,2.0]}}`, `{}`)
	f.Add("\ufeff{\"a\":1,\"b\":null}", `{"a":1}`, `{"b":2,"a":1e5}`)
	f.Add(`{"a":1,"a":2}`, `{}`, `{}`)
	f.Add(`{"log-opts":{},"runtimes":1,"builder":{"gc":{"a":[]}}}`, `{"log-opts":{"a":"b"},"builder":{"gc":1}}`, `{"runtimes":{"x":{}},"builder":{"gc":{"b":{}}}}`)
	f.Fuzz(func(t *testing.T, present, first, second string) {
		_, _ = Impossible([]byte(first))
		Needs([]byte(first))
		one, errOne := parseDocument([]byte(first))
		two, errTwo := parseDocument([]byte(second))
		if errOne != nil || errTwo != nil {
			return
		}
		original, err := parseDocument([]byte(present))
		if err != nil {
			if fault.CodeOf(err) != fault.HostConfig {
				t.Fatalf("wrong code: %v", err)
			}
			return
		}
		step := func(content []byte, m Merged, wanted map[string]json.RawMessage) Merged {
			next, err := Merge(content, Memory{Owned: m.Owned, Earlier: m.Earlier}, wanted)
			if err != nil {
				t.Fatalf("cannot merge what we wrote: %v", err)
			}
			again, err := Merge(next.Content, Memory{Owned: next.Owned, Earlier: next.Earlier}, wanted)
			if err != nil || again.Changed || !bytes.Equal(again.Content, next.Content) || again.Overridden != nil || again.Kept != nil {
				t.Fatalf("not idempotent: %q then %q, %v", next.Content, again.Content, err)
			}
			if !sameMembers(next.Owned, again.Owned) || !sameMembers(next.Earlier, again.Earlier) {
				t.Fatal("what we own changed in a second run")
			}
			return next
		}
		m := step([]byte(present), Merged{}, escapedKeys(one))
		m = step(m.Content, m, escapedKeys(two))
		m = step(m.Content, m, nil)
		after, err := parseDocument(m.Content)
		if err != nil || !sameMembers(original, after) || len(m.Owned)+len(m.Earlier) != 0 {
			t.Fatalf("%q became %q", present, m.Content)
		}
	})
}
