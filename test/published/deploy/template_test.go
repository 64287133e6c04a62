package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func templates() []string { return []string{"arm", "scale-set"} }

// TestTemplateShape looks for what Azure Resource Manager would refuse, or silently ignore.
func TestTemplateShape(t *testing.T) {
	for _, name := range templates() {
		t.Run(name, func(t *testing.T) {
			template := readTemplate(t, name+"/azuredeploy.json")
			resources, _, err := template.deploy(parametersWith(certificates{"ca", "cert", "key"}))
			if err != nil {
				t.Fatal(err)
			}
			if template.Schema != "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#" {
				t.Errorf("$schema is %q", template.Schema)
			}
			for name, p := range template.Parameters {
				if !template.used[name] {
					t.Errorf("parameter %s is used nowhere", name)
				}
				if p.Metadata["description"] == "" {
					t.Errorf("parameter %s has no description", name)
				}
			}
			for name := range template.Variables {
				if !template.used[name] {
					t.Errorf("variable %s is used nowhere", name)
				}
			}
			order(t, resources)
		})
	}
}

// order checks that a resource waits for each resource that it names, and waits for none that is not
// there.
func order(t *testing.T, resources []map[string]any) {
	t.Helper()
	ids := map[string]bool{}
	for _, resource := range resources {
		ids[idOf(t, resource)] = true
	}
	for _, resource := range resources {
		awaited := map[string]bool{}
		list, _ := resource["dependsOn"].([]any)
		for _, id := range list {
			if !ids[id.(string)] {
				t.Errorf("%v waits for %v, which is not there", resource["name"], id)
			}
			awaited[id.(string)] = true
		}
		rest := maps.Clone(resource)
		delete(rest, "dependsOn")
		text, err := json.Marshal(rest)
		if err != nil {
			t.Fatal(err)
		}
		for id := range ids {
			if id != idOf(t, resource) && strings.Contains(string(text), id) && !awaited[id] {
				t.Errorf("%v names %s and does not wait for it", resource["name"], id)
			}
		}
		for _, key := range []string{"type", "apiVersion", "name", "location", "properties"} {
			if resource[key] == nil {
				t.Errorf("%v has no %s", resource["name"], key)
			}
		}
		if !regexp.MustCompile(`^20\d\d-\d\d-\d\d$`).MatchString(fmt.Sprint(resource["apiVersion"])) {
			t.Errorf("%v has the API version %v", resource["name"], resource["apiVersion"])
		}
	}
}

func idOf(t *testing.T, resource map[string]any) string {
	t.Helper()
	args := []any{resource["type"]}
	for part := range strings.SplitSeq(resource["name"].(string), "/") {
		args = append(args, part)
	}
	id, err := resourceID(args)
	if err != nil {
		t.Fatal(err)
	}
	return id.(string)
}

// TestSecretsStayProtected hands in marked certificates and looks where the marks arrive: in the
// protected settings, and from secure parameters.
func TestSecretsStayProtected(t *testing.T) {
	marked := certificates{ca: "MARK-ca", cert: "MARK-cert", key: "MARK-key"}
	for _, name := range templates() {
		template := readTemplate(t, name+"/azuredeploy.json")
		resources, outputs, err := template.deploy(parametersWith(marked))
		if err != nil {
			t.Fatal(err)
		}
		onlyProtected(t, name, resources, outputs)
		for parameter, value := range parametersWith(marked) {
			if strings.HasPrefix(value.(string), "MARK") != template.Parameters[parameter].secure() {
				t.Errorf("%s: parameter %s is of type %s", name, parameter, template.Parameters[parameter].Type)
			}
		}
	}
	bicep := readBicep(t, "bicep/main.bicep")
	resources, outputs, err := bicep.deploy(parametersWith(marked))
	if err != nil {
		t.Fatal(err)
	}
	onlyProtected(t, "bicep", resources, outputs)
}

func onlyProtected(t *testing.T, name string, resources []map[string]any, outputs map[string]any) {
	t.Helper()
	text, err := json.Marshal([]any{resources, outputs})
	if err != nil {
		t.Fatal(err)
	}
	protected := regexp.MustCompile(`"protectedSettings":\{"certs":\{[^}]*\}\}`)
	if found := protected.FindAll(text, -1); len(found) != 1 || strings.Count(string(found[0]), "MARK") != 3 {
		t.Errorf("%s: the protected settings are %q", name, found)
	}
	if rest := protected.ReplaceAllString(string(text), ""); strings.Contains(rest, "MARK") {
		t.Errorf("%s: a secret is outside of the protected settings:\n%s", name, rest)
	}
}

// TestBicepIsTheTemplate compares what both would deploy, resource by resource.
func TestBicepIsTheTemplate(t *testing.T) {
	values := parametersWith(certificates{"ca", "cert", "key"})
	template, bicep := readTemplate(t, "arm/azuredeploy.json"), readBicep(t, "bicep/main.bicep")
	want, wantOutputs, err := template.deploy(values)
	if err != nil {
		t.Fatal(err)
	}
	got, gotOutputs, err := bicep.deploy(values)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("Bicep has %d resources, the template %d", len(got), len(want))
	}
	for i := range want {
		delete(want[i], "dependsOn") // Bicep finds out by itself
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("Bicep deploys\n%v\nand the template\n%v", got[i], want[i])
		}
	}
	if !reflect.DeepEqual(gotOutputs, wantOutputs) {
		t.Errorf("Bicep gives %v, the template %v", gotOutputs, wantOutputs)
	}
	if got, want := slices.Sorted(maps.Keys(bicep.params)), slices.Sorted(maps.Keys(template.Parameters)); !slices.Equal(got, want) {
		t.Errorf("Bicep has the parameters %q, the template %q", got, want)
	}
	for name, p := range bicep.params {
		if q := template.Parameters[name]; p.Type != q.Type || !reflect.DeepEqual(p.MinValue, q.MinValue) || !reflect.DeepEqual(p.MaxValue, q.MaxValue) {
			t.Errorf("parameter %s is %s in Bicep and %s in the template", name, p.Type, q.Type)
		}
	}
}

// TestParameterFiles: they say everything that has no default, and name secrets by their place in a
// vault alone.
func TestParameterFiles(t *testing.T) {
	for _, name := range templates() {
		var file struct {
			Schema         string `json:"$schema"`
			ContentVersion string
			Parameters     map[string]struct {
				Value     any
				Reference *struct {
					KeyVault   struct{ ID string }
					SecretName string
				}
			}
		}
		readJSON(t, name+"/azuredeploy.parameters.json", &file)
		template := readTemplate(t, name+"/azuredeploy.json")
		for parameter, p := range template.Parameters {
			said, ok := file.Parameters[parameter]
			switch {
			case !ok && p.Default == nil:
				t.Errorf("%s: nothing is said for %s", name, parameter)
			case ok && p.secure() != (said.Reference != nil), ok && p.secure() == (said.Value != nil):
				t.Errorf("%s: %s is said in the wrong way", name, parameter)
			}
		}
		for parameter := range file.Parameters {
			if _, ok := template.Parameters[parameter]; !ok {
				t.Errorf("%s: there is no parameter %s", name, parameter)
			}
		}
	}
	params, bicep := readBicep(t, "bicep/main.bicepparam"), readBicep(t, "bicep/main.bicep")
	if params.using != "main.bicep" {
		t.Errorf("main.bicepparam is for %q", params.using)
	}
	for name, p := range bicep.params {
		late, said := params.assigned[name]
		if !said && p.Default == nil {
			t.Errorf("main.bicepparam says nothing for %s", name)
		}
		if !said {
			continue
		}
		value, err := late(nil)
		if err != nil || p.secure() != strings.HasPrefix(fmt.Sprint(value), "secret ") {
			t.Errorf("main.bicepparam says %s in the wrong way: %v", name, err)
		}
	}
}

// TestEvaluatorsRefuse shows that the evaluators fail on what they do not know.
func TestEvaluatorsRefuse(t *testing.T) {
	for _, expression := range []string{
		"[parameter('a')]", "[format('{0}')]", "[format('{0}', 'a', 'b')]", "[format('{0}', 'a')", "[resourceId('A/b')]",
		"[string('a'].b]", "[resourceGroup().nowhere]", "[string('a') 'b']", "[string('a)]",
	} {
		value, err := evaluate(expression, managerFunctions())
		if err == nil && value != expression {
			t.Errorf("%s gave %v", expression, value)
		}
	}
	for _, source := range []string{
		"param a", "param a string = 'b", "resource a 'B/c@1' = {\n  a: 1, b: 2\n}", "var a = 1", "@nothing()\nparam a string",
		"output a string = 'b' 'c'", "param a array = [\n 'b' 'c'\n]", "resource a 'B/c@1' = {\n  a: 1\n  a: 2\n}",
	} {
		if _, err := parseBicep(source); err == nil {
			t.Errorf("%q was taken for Bicep", source)
		}
	}
}
