package deploy

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"docker-extension/internal/fault"
	"docker-extension/internal/settings"
)

func readPortal(t *testing.T) *portal {
	t.Helper()
	var p portal
	readJSON(t, "arm/createUiDefinition.json", &p)
	return &p
}

// portalInputs is what a person fills in who leaves the defaults alone.
func portalInputs(c certificates) map[string]any {
	return map[string]any{
		"basics": map[string]any{
			"dnsLabel": "mydocker", "sshPublicKey": "ssh-ed25519 AAAA me", "clientAddress": "198.51.100.7/32",
		},
		"engine": map[string]any{"certificates": map[string]any{"ca": c.ca, "cert": c.cert, "key": c.key}},
	}
}

// TestPortalShape holds the file against the published shape of CreateUiDefinition 0.1.2-preview and the
// reference of its elements.
func TestPortalShape(t *testing.T) {
	p := readPortal(t)
	if p.Schema != "https://schema.management.azure.com/schemas/0.1.2-preview/CreateUIDefinition.MultiVm.json#" ||
		p.Handler != "Microsoft.Azure.CreateUIDef" || p.Version != "0.1.2-preview" {
		t.Errorf("it says %q, %q, %q", p.Schema, p.Handler, p.Version)
	}
	for place, c := range p.controls() {
		switch c.Type {
		case "Microsoft.Common.Section":
			if c.Label == "" || len(c.Elements) == 0 {
				t.Errorf("%s: a section needs a label and elements", place)
			}
		case "Microsoft.Common.TextBlock":
			if c.Options["text"] == nil || c.Label != "" {
				t.Errorf("%s: a text block has a text and no label", place)
			}
		case "Microsoft.Common.TextBox":
			if c.Label == "" || c.Options != nil || len(c.Constraints.Validations) == 0 {
				t.Errorf("%s: a text box of ours needs a label and validations, and has no options", place)
			}
		case "Microsoft.Common.FileUpload":
			want := map[string]any{"multiple": false, "uploadMode": "file", "openMode": "text", "encoding": "UTF-8"}
			if c.Label == "" || c.Default != "" || !c.Constraints.Required || c.Constraints.Accept == "" || fmt.Sprint(c.Options) != fmt.Sprint(want) {
				t.Errorf("%s: a certificate is one file of text, and required", place)
			}
		default:
			t.Errorf("%s: %s is no element that is known here", place, c.Type)
		}
	}
}

// TestPortalGivesParameters: each output is a parameter of the template, and everything without a default
// is asked for. Elements that lead nowhere are found, too.
func TestPortalGivesParameters(t *testing.T) {
	p, template := readPortal(t), readTemplate(t, "arm/azuredeploy.json")
	for name, parameter := range template.Parameters {
		if _, ok := p.Parameters.Outputs[name]; !ok && parameter.Default == nil {
			t.Errorf("the template wants %s, and the portal does not ask for it", name)
		}
	}
	all := fmt.Sprint(p.Parameters.Outputs)
	for place, c := range p.controls() {
		if c.Type == "Microsoft.Common.TextBox" || c.Type == "Microsoft.Common.FileUpload" {
			if last := place[strings.LastIndex(place, ".")+1:]; !regexp.MustCompile(`[.']` + last + `\b`).MatchString(all) {
				t.Errorf("what is filled in at %s is used nowhere", place)
			}
		}
	}
}

// TestPortalDefaultsAreValid: the defaults and the placeholder pass the portal's own checks.
func TestPortalDefaultsAreValid(t *testing.T) {
	p := readPortal(t)
	for place, c := range p.controls() {
		if message := c.refuses(t, p, c.Default); c.Default != "" && message != "" {
			t.Errorf("the default of %s is refused: %s", place, message)
		}
	}
	if message := p.controls()["basics.clientAddress"].refuses(t, p, "198.51.100.7/32"); message != "" {
		t.Errorf("the example of an address is refused: %s", message)
	}
}

// refuses gives the message of the first validation that a value fails. JavaScript and Go agree on what
// these expressions use of the language.
func (c control) refuses(t *testing.T, p *portal, value string) string {
	t.Helper()
	for _, v := range c.Constraints.Validations {
		if v.Regex != "" && !regexp.MustCompile(v.Regex).MatchString(value) {
			return v.Message
		}
		if v.IsValid == "" {
			continue
		}
		ok, err := evaluate(v.IsValid, p.functions(map[string]any{"basics": map[string]any{c.Name: value}}))
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if ok != true {
			return v.Message
		}
	}
	return ""
}

// TestPortalJudgesAsTheExtension fills in right and wrong values, and compares the portal's verdict with
// that of the settings' own room. The portal may be stricter, never looser; and where both refuse, the
// portal says what the extension would say.
func TestPortalJudgesAsTheExtension(t *testing.T) {
	p, c := readPortal(t), makeCertificates(t)
	port, options, compose := p.controls()["engine.port"], p.controls()["engine.options"], p.controls()["containers.compose"]
	for _, value := range []string{
		"1", "9", "80", "999", "2376", "9999", "10000", "59999", "60000", "64999", "65000", "65499", "65500", "65529", "65530", "65535",
		"0", "-1", "65536", "65540", "65600", "66000", "70000", "100000", "2376.5", "docker", " 2376", "02376", "1e3", "",
	} {
		refused := port.refuses(t, p, value)
		wrong := p.settingsFault(t, c, "engine", "port", value)
		if refused == "" && wrong != nil {
			t.Errorf("port %q: the portal takes it, and the extension says %v", value, wrong)
		}
		if refused != "" && wrong != nil && refused != sentence(wrong.Hint) {
			t.Errorf("port %q: the portal says %q, and the extension %q", value, refused, wrong.Hint)
		}
	}
	for value, taken := range map[string]bool{
		"": true, "-D": true, "--label role=web --log-opt max-size=10m": true, "--dns=8.8.8.8": true,
		"label": false, "--label  a=b": false, `--label "a b"`: false, " -D": false, "-D ": false, "-D -": true,
	} {
		if refused := options.refuses(t, p, value); (refused == "") != taken {
			t.Errorf("options %q: the portal says %q", value, refused)
		}
	}
	for value, taken := range map[string]bool{
		`{"services": {"a": {"image": "b"}}}`: true, "\n{ \"web\": {\"image\":\n \"b\"}}\n": true, `[]`: false, `web`: false, `{`: false,
	} {
		if refused := compose.refuses(t, p, value); (refused == "") != taken {
			t.Errorf("compose %q: the portal says %q", value, refused)
		}
	}
}

// settingsFault gives what the extension says of a value that passed through portal and template, or nil.
// What stops before the extension is no business of this test.
func (p *portal) settingsFault(t *testing.T, c certificates, step, element, value string) *fault.Fault {
	t.Helper()
	inputs := portalInputs(c)
	inputs[step].(map[string]any)[element] = value
	values, err := p.outputs(inputs)
	if err != nil {
		values = map[string]any{"dockerPort": value}
	}
	public, err := json.Marshal(map[string]any{"docker": map[string]any{"port": values["dockerPort"]}})
	if err != nil {
		t.Fatal(err)
	}
	protected, err := json.Marshal(map[string]any{"certs": map[string]string{"ca": c.ca, "cert": c.cert, "key": c.key}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = settings.Parse(public, protected, settings.Options{Now: time.Now()})
	var f *fault.Fault
	if !errors.As(err, &f) {
		return nil
	}
	return f
}

// sentence makes a sentence of a hint.
func sentence(hint string) string {
	runes := []rune(hint)
	runes[0] = unicode.ToUpper(runes[0])
	return string(runes) + "."
}
