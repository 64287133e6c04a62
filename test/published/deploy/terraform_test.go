package deploy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/hashicorp/terraform-config-inspect/tfconfig"
	"github.com/zclconf/go-cty/cty"
)

// argumentsOf are the arguments that the resources here have, from the reference of azurerm 4, and held
// against the provider's own schema of 4.55 once; those with a star have to be there. Blocks are listed as "resource/block".
func argumentsOf() map[string]string {
	return map[string]string{
		"azurerm_resource_group":         "name* location*",
		"azurerm_network_security_group": "name* location* resource_group_name*",
		"azurerm_network_security_group/security_rule": "name* priority* direction* access* protocol* source_address_prefix source_port_range " +
			"destination_address_prefix destination_port_range",
		"azurerm_virtual_network": "name* location* resource_group_name* address_space",
		"azurerm_subnet":          "name* resource_group_name* virtual_network_name* address_prefixes",
		"azurerm_subnet_network_security_group_association": "subnet_id* network_security_group_id*",
		"azurerm_public_ip":                                    "name* location* resource_group_name* allocation_method* sku domain_name_label",
		"azurerm_network_interface":                            "name* location* resource_group_name*",
		"azurerm_network_interface/ip_configuration":           "name* subnet_id private_ip_address_allocation* public_ip_address_id",
		"azurerm_linux_virtual_machine":                        "name* location* resource_group_name* size* admin_username network_interface_ids*",
		"azurerm_linux_virtual_machine/admin_ssh_key":          "username* public_key*",
		"azurerm_linux_virtual_machine/os_disk":                "caching* storage_account_type",
		"azurerm_linux_virtual_machine/source_image_reference": "publisher* offer* sku* version*",
		"azurerm_virtual_machine_extension": "name* virtual_machine_id* publisher* type* type_handler_version* " +
			"auto_upgrade_minor_version automatic_upgrade_enabled settings protected_settings",
	}
}

func readTerraform(t *testing.T) configuration {
	t.Helper()
	c, err := terraform(folder + "/terraform")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTerraformFormat: the files are as `terraform fmt` leaves them.
func TestTerraformFormat(t *testing.T) {
	names, err := filepath.Glob(folder + "/terraform/*.tf*")
	if err != nil || len(names) != 5 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(hclwrite.Format(content), content) {
			t.Errorf("terraform fmt would change %s", filepath.Base(name))
		}
	}
}

// TestTerraformArguments holds every resource against the provider's reference.
func TestTerraformArguments(t *testing.T) {
	for name, block := range readTerraform(t).of("resource") {
		arguments(t, name, block.Labels[0], block.Body)
		for _, inner := range block.Body.Blocks {
			arguments(t, name, block.Labels[0]+"/"+inner.Type, inner.Body)
		}
	}
}

func arguments(t *testing.T, name, kind string, body *hclsyntax.Body) {
	t.Helper()
	reference, ok := argumentsOf()[kind]
	if !ok {
		t.Errorf("%s: %s is not known here", name, kind)
		return
	}
	known := " " + strings.ReplaceAll(reference, "*", "") + " "
	for attribute := range body.Attributes {
		if !strings.Contains(known, " "+attribute+" ") {
			t.Errorf("%s: %s has no argument %s", name, kind, attribute)
		}
	}
	for argument := range strings.FieldsSeq(reference) {
		if required, ok := strings.CutSuffix(argument, "*"); ok && body.Attributes[required] == nil {
			t.Errorf("%s: %s needs the argument %s", name, kind, required)
		}
	}
}

// TestTerraformReferences: what is named exists, and every variable is used and described.
func TestTerraformReferences(t *testing.T) {
	c := readTerraform(t)
	resources, variables := c.of("resource"), c.of("variable")
	used := map[string]bool{}
	for _, block := range c.blocks {
		problems := hclsyntax.VisitAll(block.Body, func(node hclsyntax.Node) hcl.Diagnostics {
			scope, ok := node.(*hclsyntax.ScopeTraversalExpr)
			if !ok || len(scope.Traversal) < 2 {
				return nil
			}
			first, second := scope.Traversal.RootName(), scope.Traversal[1].(hcl.TraverseAttr).Name
			switch {
			case first == "var" && variables[second] == nil, strings.HasPrefix(first, "azurerm_") && resources[first+"."+second] == nil:
				t.Errorf("%s: %s.%s does not exist", scope.Range(), first, second)
			case first == "var":
				used[second] = true
			}
			return nil
		})
		if problems.HasErrors() {
			t.Fatal(problems)
		}
	}
	for name, block := range variables {
		if !used[name] || block.Body.Attributes["description"] == nil {
			t.Errorf("variable %s is used nowhere, or has no description", name)
		}
	}
}

// TestTerraformSecrets: what goes into the protected settings comes from sensitive variables, and nothing
// else is sensitive.
func TestTerraformSecrets(t *testing.T) {
	c := readTerraform(t)
	got, err := c.extension(variablesWith(certificates{"MARK-ca_certificate", "MARK-server_certificate", "MARK-server_key"}))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got.Public), "MARK") {
		t.Errorf("a secret is in the public settings: %s", got.Public)
	}
	for name, block := range c.of("variable") {
		secret := strings.Contains(string(got.Protected), "MARK-"+name)
		sensitive := block.Body.Attributes["sensitive"] != nil
		if secret != sensitive {
			t.Errorf("variable %s: in the protected settings %v, sensitive %v", name, secret, sensitive)
		}
	}
}

// TestTerraformPort: the variable's own check agrees with the extension's.
func TestTerraformPort(t *testing.T) {
	c := readTerraform(t)
	for port, good := range map[float64]bool{1: true, 2376: true, 65535: true, 0: false, -1: false, 65536: false, 80.5: false} {
		values := variablesWith(certificates{})
		values["docker_port"] = cty.NumberFloatVal(port)
		context, err := c.context(values)
		if err != nil {
			t.Fatal(err)
		}
		message, err := c.conditions("docker_port", context)
		if err != nil || (message == "") != good {
			t.Errorf("port %v: %q, %v", port, message, err)
		}
		want := readPortal(t).controls()["engine.port"].Constraints.Validations[0].Message
		if message != "" && message != want {
			t.Errorf("Terraform says %q, the portal %q", message, want)
		}
	}
}

// TestTerraformExample: the example of values says everything that has no default, but no secret.
func TestTerraformExample(t *testing.T) {
	file, problems := hclparse.NewParser().ParseHCLFile(folder + "/terraform/terraform.tfvars.example")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	said, problems := file.Body.JustAttributes()
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	for name, block := range readTerraform(t).of("variable") {
		needed := block.Body.Attributes["default"] == nil && block.Body.Attributes["sensitive"] == nil
		if needed != (said[name] != nil) {
			t.Errorf("variable %s: needed %v, said %v", name, needed, said[name] != nil)
		}
		delete(said, name)
	}
	for name := range said {
		t.Errorf("there is no variable %s", name)
	}
}

// TestTerraformFirewall compares the rules with the template's, which the other forms share.
func TestTerraformFirewall(t *testing.T) {
	c := readTerraform(t)
	context, err := c.context(variablesWith(certificates{}))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, rule := range c.of("resource")["azurerm_network_security_group.firewall"].Body.Blocks {
		text := func(name string) string {
			value, problems := rule.Body.Attributes[name].Expr.Value(context)
			if problems.HasErrors() {
				t.Fatal(problems)
			}
			if value.Type() == cty.Number {
				return value.AsBigFloat().String()
			}
			return value.AsString()
		}
		got[text("name")] = fmt.Sprint(text("priority"), text("direction"), text("access"), text("source_address_prefix"), text("destination_port_range"))
	}
	resources, _, err := readTemplate(t, "arm/azuredeploy.json").deploy(parametersWith(certificates{}))
	if err != nil {
		t.Fatal(err)
	}
	var firewall struct {
		SecurityRules []struct {
			Name       string
			Properties struct {
				Priority                                                     int
				Direction, Access, SourceAddressPrefix, DestinationPortRange string
			}
		}
	}
	content, err := json.Marshal(resources[0]["properties"])
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &firewall); err != nil {
		t.Fatal(err)
	}
	for _, rule := range firewall.SecurityRules {
		p := rule.Properties
		want := fmt.Sprint(fmt.Sprint(p.Priority), p.Direction, p.Access, p.SourceAddressPrefix, p.DestinationPortRange)
		if got[rule.Name] != want {
			t.Errorf("rule %s is %q in Terraform and %q in the template", rule.Name, got[rule.Name], want)
		}
	}
	if len(got) != len(firewall.SecurityRules) {
		t.Errorf("Terraform has %d rules, the template %d", len(got), len(firewall.SecurityRules))
	}
}

// TestTerraformLoads: HashiCorp's own loader of modules, which its registry uses, finds nothing to complain
// about, and what it finds is what lies there.
func TestTerraformLoads(t *testing.T) {
	module, problems := tfconfig.LoadModule(folder + "/terraform")
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	c := readTerraform(t)
	if len(module.Variables) != len(c.of("variable")) || len(module.ManagedResources) != len(c.of("resource")) || len(module.Outputs) != len(c.of("output")) {
		t.Errorf("it finds %d variables, %d resources and %d outputs", len(module.Variables), len(module.ManagedResources), len(module.Outputs))
	}
	if provider := module.RequiredProviders["azurerm"]; provider == nil || provider.Source != "hashicorp/azurerm" || len(provider.VersionConstraints) == 0 {
		t.Errorf("the provider is %+v", provider)
	}
}
