package deploy

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"docker-extension/internal/settings"
	"docker-extension/test/harness/pki"
)

const (
	root   = "../../.." // of the sources, seen from this package
	folder = root + "/deploy"
)

// certificates are what a person would hand over, PEM.
type certificates struct{ ca, cert, key string }

// makeCertificates makes an authority, and a server's certificate from it.
func makeCertificates(t *testing.T) certificates {
	t.Helper()
	authority, err := pki.NewAuthority("deploy")
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Server(nil, "mydocker.westeurope.cloudapp.azure.com")
	if err != nil {
		t.Fatal(err)
	}
	return certificates{ca: string(authority.Cert), cert: string(server.Cert), key: string(server.Key)}
}

// form is one way of deploying the example: it gives the extension that would be deployed.
type form func(t *testing.T, c certificates) extension

func forms() map[string]form {
	return map[string]form{
		"ARM template": func(t *testing.T, c certificates) extension {
			resources, _, err := readTemplate(t, "arm/azuredeploy.json").deploy(parametersWith(c))
			return extensionIn(t, resources, err)
		},
		"Bicep": func(t *testing.T, c certificates) extension {
			resources, _, err := readBicep(t, "bicep/main.bicep").deploy(parametersWith(c))
			return extensionIn(t, resources, err)
		},
		"scale set": func(t *testing.T, c certificates) extension {
			resources, _, err := readTemplate(t, "scale-set/azuredeploy.json").deploy(parametersWith(c))
			return scaleSetExtension(t, resources, err)
		},
		"portal": func(t *testing.T, c certificates) extension {
			values, err := readPortal(t).outputs(portalInputs(c))
			if err != nil {
				t.Fatal(err)
			}
			resources, _, err := readTemplate(t, "arm/azuredeploy.json").deploy(values)
			return extensionIn(t, resources, err)
		},
		"Terraform": func(t *testing.T, c certificates) extension {
			configuration, err := terraform(folder + "/terraform")
			if err != nil {
				t.Fatal(err)
			}
			found, err := configuration.extension(variablesWith(c))
			if err != nil {
				t.Fatal(err)
			}
			return found
		},
		"az script": scriptExtension,
	}
}

// parametersWith gives what a person must say for a template.
func parametersWith(c certificates) map[string]any {
	return map[string]any{
		"dnsLabel": "mydocker", "clientAddress": "198.51.100.7/32", "sshPublicKey": "ssh-ed25519 AAAA me",
		"caCertificate": c.ca, "serverCertificate": c.cert, "serverKey": c.key,
	}
}

func variablesWith(c certificates) map[string]cty.Value {
	return map[string]cty.Value{
		"dns_label": cty.StringVal("mydocker"), "client_address": cty.StringVal("198.51.100.7/32"),
		"ssh_public_key": cty.StringVal("ssh-ed25519 AAAA me"), "ca_certificate": cty.StringVal(c.ca),
		"server_certificate": cty.StringVal(c.cert), "server_key": cty.StringVal(c.key),
	}
}

// TestSettings deploys the example in every form and asks the extension's own room for settings about
// what arrives: nothing is wrong, nothing deserves a note, and it is the same everywhere.
func TestSettings(t *testing.T) {
	c := makeCertificates(t)
	public, err := os.ReadFile(folder + "/cli/public.json")
	if err != nil {
		t.Fatal(err)
	}
	protected, err := json.Marshal(map[string]any{"certs": map[string]string{"ca": c.ca, "cert": c.cert, "key": c.key}})
	if err != nil {
		t.Fatal(err)
	}
	want := parsed(t, public, protected)
	if want.Docker.Port != 2376 || want.Compose == nil || want.Certificates == nil || len(want.Docker.Options) == 0 {
		t.Fatalf("the example has lost a part: %+v", want.Docker)
	}
	for name, deployed := range forms() {
		t.Run(name, func(t *testing.T) {
			got := deployed(t, c)
			if s := parsed(t, got.Public, got.Protected); !reflect.DeepEqual(s, want) {
				t.Errorf("the settings are\n%s\nwhich is not those of cli/public.json", got.Public)
			}
			if bytes.Contains(got.Public, []byte("BEGIN")) {
				t.Error("a certificate is in the public settings")
			}
			if got.Publisher != "Microsoft.Azure.Extensions" || got.Type != "DockerExtension" || !got.MinorUpgrades {
				t.Errorf("the extension is %s %s, minor upgrades %v", got.Publisher, got.Type, got.MinorUpgrades)
			}
			if minor := version(t); got.Version != minor {
				t.Errorf("the version is %s; VERSION begins with %s", got.Version, minor)
			}
		})
	}
}

// TestWrongCertificatesAreNoticed shows that the validation above sees what is handed in: with the key
// of somebody else each form fails, at the key.
func TestWrongCertificatesAreNoticed(t *testing.T) {
	c := makeCertificates(t)
	c.key = makeCertificates(t).key
	for name, deployed := range forms() {
		t.Run(name, func(t *testing.T) {
			got := deployed(t, c)
			_, err := settings.Parse(got.Public, got.Protected, settings.Options{Now: time.Now()})
			if err == nil || !strings.HasPrefix(err.Error(), "protectedSettings.certs.key: ") {
				t.Errorf("a key that does not fit: %v", err)
			}
		})
	}
}

// parsed gives settings that are right without a note.
func parsed(t *testing.T, public, protected []byte) settings.Settings {
	t.Helper()
	s, err := settings.Parse(public, protected, settings.Options{Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for _, note := range s.Notes {
		t.Errorf("the settings deserve a note: %s", note)
	}
	return s
}

// version gives the major and the minor number of the version of the sources.
func version(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(root + "/VERSION")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSpace(string(content)), ".")
	return strings.Join(parts[:2], ".")
}

func readTemplate(t *testing.T, name string) *template {
	t.Helper()
	var all template
	readJSON(t, name, &all)
	return &all
}

func readBicep(t *testing.T, name string) *bicepFile {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parseBicep(string(content))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return file
}

// readJSON reads a file of deploy/ into a value that must have a place for every key.
func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// extensionIn gives the one VM extension among resources.
func extensionIn(t *testing.T, resources []map[string]any, err error) extension {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(resources, func(r map[string]any) bool {
		return r["type"] == "Microsoft.Compute/virtualMachines/extensions"
	})
	found, err := extensionOf(resources[i]["properties"].(map[string]any))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func scaleSetExtension(t *testing.T, resources []map[string]any, err error) extension {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	last := resources[len(resources)-1]
	var all struct {
		VirtualMachineProfile struct {
			ExtensionProfile struct {
				Extensions []struct{ Properties map[string]any }
			}
		}
	}
	content, err := json.Marshal(last["properties"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	found, err := extensionOf(all.VirtualMachineProfile.ExtensionProfile.Extensions[0].Properties)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestEveryFileIsTested names the files of deploy/, so that a new one cannot come without a test.
func TestEveryFileIsTested(t *testing.T) {
	want := []string{
		"README.md", "arm/azuredeploy.json", "arm/azuredeploy.parameters.json", "arm/createUiDefinition.json",
		"bicep/main.bicep", "bicep/main.bicepparam", "cli/cloud-init.yaml", "cli/deploy.sh", "cli/public.json",
		"scale-set/azuredeploy.json", "scale-set/azuredeploy.parameters.json", "terraform/main.tf",
		"terraform/outputs.tf", "terraform/terraform.tfvars.example", "terraform/variables.tf", "terraform/versions.tf",
	}
	found := map[string]bool{}
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			name, _ := filepath.Rel(folder, path)
			found[filepath.ToSlash(name)] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Errorf("deploy/ has\n%q, want\n%q", got, want)
	}
}
