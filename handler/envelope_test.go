package handler

import (
	"encoding/json"
	"strings"
	"testing"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

// wrap puts the three members into a settings file.
func wrap(members string) string {
	return `{"runtimeSettings":[{"handlerSettings":` + members + `}]}`
}

func TestParseEnvelope(t *testing.T) {
	for name, c := range map[string]struct {
		content, public, protected, thumbprint string
	}{
		"all three": {wrap(`{"publicSettings":{"a": 1},"protectedSettings":"MIIB==","protectedSettingsCertThumbprint":"B336"}`),
			`{"a": 1}`, "MIIB==", "B336"},
		"zero bytes":              {"", "", "", ""},
		"white space":             {" \r\n\t", "", "", ""},
		"byte order mark":         {"\xef\xbb\xbf" + wrap(`{"publicSettings":{}}`), "{}", "", ""},
		"only a byte order mark":  {"\xef\xbb\xbf", "", "", ""},
		"three nulls":             {wrap(`{"publicSettings":null,"protectedSettings":null,"protectedSettingsCertThumbprint":null}`), "", "", ""},
		"no members":              {wrap(`{}`), "", "", ""},
		"null settings":           {wrap(`null`), "", "", ""},
		"null entry":              {`{"runtimeSettings":[null]}`, "", "", ""},
		"empty entry":             {`{"runtimeSettings":[{}]}`, "", "", ""},
		"no entry":                {`{"runtimeSettings":[]}`, "", "", ""},
		"null list":               {`{"runtimeSettings":null}`, "", "", ""},
		"empty object":            {`{}`, "", "", ""},
		"null":                    {`null`, "", "", ""},
		"empty, with thumbprint":  {wrap(`{"publicSettings":{},"protectedSettings":"","protectedSettingsCertThumbprint":"B3"}`), "{}", "", "B3"},
		"JSON in a string":        {wrap(`{"publicSettings":"{\"a\": \"b\"}"}`), `{"a": "b"}`, "", ""},
		"an empty string":         {wrap(`{"publicSettings":" "}`), "", "", ""},
		"null in a string":        {wrap(`{"publicSettings":"null"}`), "", "", ""},
		"keys of a later agent":   {wrap(`{"publicSettings":{},"new":[1]}`), "{}", "", ""},
		"keys of a later agent 2": {`{"x":1,"runtimeSettings":[{"y":2,"handlerSettings":{}}]}`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseEnvelope([]byte(c.content))
			must(t, err)
			if string(got.Public) != c.public || got.Protected != c.protected || got.Thumbprint != c.thumbprint {
				t.Errorf("got %s %q %q", got.Public, got.Protected, got.Thumbprint)
			}
		})
	}
}

func TestParseEnvelopeFaults(t *testing.T) {
	const in = "runtimeSettings[0].handlerSettings."
	for name, c := range map[string]struct{ content, says string }{
		"not JSON":            {"hunter2", "is not valid JSON at line 1, column 1"},
		"third line":          {"{\n \"runtimeSettings\": [\n  hunter2]}", "line 3, column 3"},
		"column of UTF-8":     {`{"ä": hunter2}`, "line 1, column 7"},
		"cut off":             {`{"hunter2": [`, "is not valid JSON at line 1"},
		"more after the end":  {`{} hunter2`, "line 1, column 4"},
		"leading lines count": {"\n\nhunter2", "line 3, column 1"},
		"not UTF-8":           {"{\n\"hunter2\xff\": 1}", "is not UTF-8 at line 2, column 9"},
		"UTF-16":              {"\xff\xfe{\x00}\x00", "is not UTF-8 at line 1, column 1"},
		"array":               {`["hunter2"]`, "is not a JSON object"},
		"string":              {`"hunter2"`, "is not a JSON object"},
		"list is an object":   {`{"runtimeSettings":{"hunter2":1}}`, "runtimeSettings: is not an array"},
		"two entries":         {`{"runtimeSettings":[{},{"hunter2":1}]}`, "runtimeSettings: has 2 entries"},
		"entry is text":       {`{"runtimeSettings":["hunter2"]}`, "runtimeSettings[0]: is not a JSON object"},
		"settings are text":   {wrap(`"hunter2"`), "handlerSettings: is not a JSON object"},
		"public is an array":  {wrap(`{"publicSettings":["hunter2"]}`), in + "publicSettings: is not a JSON object"},
		"public is a number":  {wrap(`{"publicSettings":42}`), in + "publicSettings: is not a JSON object"},
		"public is text":      {wrap(`{"publicSettings":"hunter2"}`), in + "publicSettings: is not valid JSON at line 1, column 1"},
		"text in text":        {wrap(`{"publicSettings":"\"hunter2\""}`), in + "publicSettings: is not a JSON object"},
		"protected an object": {wrap(`{"protectedSettings":{"password":"hunter2"}}`), in + "protectedSettings: is not a string"},
		"thumbprint a number": {wrap(`{"protectedSettingsCertThumbprint":42}`), in + "protectedSettingsCertThumbprint: is not a string"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseEnvelope([]byte(c.content))
			wantFault(t, err, fault.SettingsFile, c.says)
			if text := fault.Sentence(err, 0); strings.Contains(text, "hunter2") || strings.Contains(text, "'h'") {
				t.Errorf("%q quotes the settings", text)
			}
		})
	}
}

func FuzzParseEnvelope(f *testing.F) {
	f.Add([]byte(wrap(`{"publicSettings":"{\"a\":1}","protectedSettings":"x"}`)))
	f.Add([]byte("{\n\n\"a\": \xc3\xa4"))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, content []byte) {
		got, err := ParseEnvelope(content)
		if err != nil {
			if fault.CodeOf(err) != fault.SettingsFile {
				t.Errorf("the code is %d", fault.CodeOf(err))
			}
			return
		}
		var members map[string]json.RawMessage
		if got.Public != nil && (json.Unmarshal(got.Public, &members) != nil || members == nil) {
			t.Errorf("public settings are %q, which is no object", got.Public)
		}
	})
}

func TestReadEnvelope(t *testing.T) {
	root := files.New(t.TempDir())
	put(t, root, "/config/1.settings", "")
	put(t, root, "/config/2.settings", wrap(`{"publicSettings":{"a":1}}`))
	put(t, root, "/config/3.settings", "[")
	put(t, root, "/config/4.settings", strings.Repeat(" ", settingsMax+1))

	for _, sequence := range []int{0, 1} { // 0 has no file
		if got, err := readEnvelope(root, "/config", sequence); err != nil || got.Public != nil {
			t.Errorf("%d: got %v, %v; want nothing", sequence, got, err)
		}
	}
	if got, err := readEnvelope(root, "/config", 2); err != nil || string(got.Public) != `{"a":1}` {
		t.Errorf("got %s, %v", got.Public, err)
	}
	for sequence, says := range map[int]string{
		3: "/config/3.settings: is not valid JSON at line 1", 4: "/config/4.settings: cannot read: the file is larger", 5: "/config/5.settings: is missing",
	} {
		_, err := readEnvelope(root, "/config", sequence)
		wantFault(t, err, fault.SettingsFile, says)
	}
}
