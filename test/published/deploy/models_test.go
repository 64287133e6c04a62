package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/network/armnetwork/v7"
)

// modelOf gives an empty value of Microsoft's own model of a resource: the types that its SDK is generated
// with, from the specification of the resource manager. A nil for what is not known here.
func modelOf(kind string) any {
	switch kind {
	case "Microsoft.Network/networkSecurityGroups":
		return new(armnetwork.SecurityGroup)
	case "Microsoft.Network/virtualNetworks":
		return new(armnetwork.VirtualNetwork)
	case "Microsoft.Network/publicIPAddresses":
		return new(armnetwork.PublicIPAddress)
	case "Microsoft.Network/networkInterfaces":
		return new(armnetwork.Interface)
	case "Microsoft.Network/loadBalancers":
		return new(armnetwork.LoadBalancer)
	case "Microsoft.Compute/virtualMachines":
		return new(armcompute.VirtualMachine)
	case "Microsoft.Compute/virtualMachines/extensions":
		return new(armcompute.VirtualMachineExtension)
	case "Microsoft.Compute/virtualMachineScaleSets":
		return new(armcompute.VirtualMachineScaleSet)
	}
	return nil
}

// valuesOf are the words that a member may have, by its type. A type that is missing here is a failure.
func valuesOf() map[reflect.Type][]string {
	all := map[reflect.Type][]string{}
	add(all, armnetwork.PossibleIPAllocationMethodValues())
	add(all, armnetwork.PossibleLoadBalancerSKUNameValues())
	add(all, armnetwork.PossibleProbeProtocolValues())
	add(all, armnetwork.PossibleLoadBalancerOutboundRuleProtocolValues())
	add(all, armnetwork.PossiblePublicIPAddressSKUNameValues())
	add(all, armnetwork.PossibleSecurityRuleAccessValues())
	add(all, armnetwork.PossibleSecurityRuleDirectionValues())
	add(all, armnetwork.PossibleSecurityRuleProtocolValues())
	add(all, armnetwork.PossibleTransportProtocolValues())
	add(all, armcompute.PossibleDiskCreateOptionTypesValues())
	add(all, armcompute.PossibleOrchestrationModeValues())
	add(all, armcompute.PossibleStorageAccountTypesValues())
	add(all, armcompute.PossibleUpgradeModeValues())
	return all
}

func add[T ~string](all map[reflect.Type][]string, values []T) {
	for _, value := range values {
		all[reflect.TypeFor[T]()] = append(all[reflect.TypeFor[T]()], string(value))
	}
}

// TestResourcesFitTheirModels reads every resource of every form that is one of the resource manager into
// Microsoft's model and writes it out again. What the model does not know is lost on the way.
func TestResourcesFitTheirModels(t *testing.T) {
	values := parametersWith(certificates{"ca", "cert", "key"})
	for _, name := range templates() {
		resources, _, err := readTemplate(t, name+"/azuredeploy.json").deploy(values)
		fits(t, name, resources, err)
	}
	resources, _, err := readBicep(t, "bicep/main.bicep").deploy(values)
	fits(t, "bicep", resources, err)
}

func fits(t *testing.T, form string, resources []map[string]any, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range resources {
		if err := misfit(resource); err != nil {
			t.Errorf("%s: %s: %v", form, resource["type"], err)
		}
	}
}

// misfit tells what the model of a resource does not take of it.
func misfit(resource map[string]any) error {
	body := maps.Clone(resource)
	for _, key := range []string{"apiVersion", "dependsOn"} { // they are the template's, not the resource's
		delete(body, key)
	}
	model := modelOf(fmt.Sprint(resource["type"]))
	if model == nil {
		return errors.New("it has no model in this test")
	}
	content, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, model); err != nil {
		return err
	}
	back, err := json.Marshal(model)
	if err != nil {
		return err
	}
	var want, got any
	if err := errors.Join(json.Unmarshal(content, &want), json.Unmarshal(back, &got)); err != nil {
		return err
	}
	return errors.Join(lost("", want, got), foreign(valuesOf(), reflect.ValueOf(model)))
}

// lost names what is in the first value and is missing, or another, in the second.
func lost(place string, want, got any) error {
	switch want := want.(type) {
	case map[string]any:
		members, _ := got.(map[string]any)
		var all []error
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if _, ok := members[key]; !ok {
				all = append(all, fmt.Errorf("the model has no %s.%s", place, key))
				continue
			}
			all = append(all, lost(place+"."+key, want[key], members[key]))
		}
		return errors.Join(all...)
	case []any:
		elements, _ := got.([]any)
		if len(elements) != len(want) {
			return fmt.Errorf("%s has %d elements, and %d in the model", place, len(want), len(elements))
		}
		var all []error
		for i := range want {
			all = append(all, lost(fmt.Sprintf("%s[%d]", place, i), want[i], elements[i]))
		}
		return errors.Join(all...)
	}
	if want != got {
		return fmt.Errorf("%s is %v, and %v in the model", place, want, got)
	}
	return nil
}

// foreign names words that are none of those that a member may have.
func foreign(known map[reflect.Type][]string, v reflect.Value) error {
	var all []error
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return foreign(known, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			all = append(all, foreign(known, v.Field(i)))
		}
	case reflect.Slice:
		for i := range v.Len() {
			all = append(all, foreign(known, v.Index(i)))
		}
	case reflect.String:
		kind := v.Type()
		if open := reflect.TypeFor[armcompute.VirtualMachineSizeTypes](); kind == reflect.TypeFor[string]() || kind == open {
			return nil // which sizes there are is for each region to say; Microsoft's list is of 2017
		}
		if !slices.Contains(known[kind], v.String()) {
			return fmt.Errorf("%q is none of the values of %s: %q", v.String(), kind.Name(), known[kind])
		}
	}
	return errors.Join(all...)
}

// TestMisfitsAreNoticed shows what the test above refuses.
func TestMisfitsAreNoticed(t *testing.T) {
	for _, change := range []struct{ from, to, want string }{
		{`"hardwareProfile"`, `"hardwareProfil"`, ".hardwareProfil"},
		{`"autoUpgradeMinorVersion":true`, `"autoUpgradeMinorVersion":"true"`, "AutoUpgradeMinorVersion"},
		{`"protectedSettings"`, `"protectedSetting"`, ".protectedSetting"},
		{`"FromImage"`, `"FromPicture"`, "DiskCreateOptionTypes"},
		{`"access":"Allow"`, `"access":"Permit"`, "SecurityRuleAccess"},
		{`"priority":100`, `"priority":"100"`, "Priority"},
	} {
		resources, _, err := readTemplate(t, "arm/azuredeploy.json").deploy(parametersWith(certificates{"ca", "cert", "key"}))
		if err != nil {
			t.Fatal(err)
		}
		content, err := json.Marshal(resources)
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(content), change.from, change.to, 1)
		if changed == string(content) {
			t.Fatalf("there is no %s", change.from)
		}
		var all []map[string]any
		if err := json.Unmarshal([]byte(changed), &all); err != nil {
			t.Fatal(err)
		}
		var said error
		for _, resource := range all {
			said = errors.Join(said, misfit(resource))
		}
		if said == nil || !strings.Contains(said.Error(), change.want) {
			t.Errorf("with %s: %v", change.to, said)
		}
	}
}

// asked keeps the address of a request and answers none.
type asked struct{ version string }

func (a *asked) Do(request *http.Request) (*http.Response, error) {
	a.version = request.URL.Query().Get("api-version")
	return nil, errors.New("nobody is there")
}

// TestVersionsAreThoseOfTheModels: the models are those of the API versions that the templates name, and
// not of others, by what the SDK's clients ask for.
func TestVersionsAreThoseOfTheModels(t *testing.T) {
	network, compute := new(asked), new(asked)
	groups, err := armnetwork.NewSecurityGroupsClient("subscription", &fake.TokenCredential{}, asking(network))
	if err != nil {
		t.Fatal(err)
	}
	machines, err := armcompute.NewVirtualMachinesClient("subscription", &fake.TokenCredential{}, asking(compute))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := groups.Get(context.Background(), "group", "firewall", nil); err == nil {
		t.Fatal("somebody has answered")
	}
	if _, err := machines.Get(context.Background(), "group", "vm", nil); err == nil {
		t.Fatal("somebody has answered")
	}
	for _, name := range templates() {
		for _, resource := range readTemplate(t, name+"/azuredeploy.json").Resources {
			want := compute.version
			if strings.HasPrefix(fmt.Sprint(resource["type"]), "Microsoft.Network/") {
				want = network.version
			}
			if resource["apiVersion"] != want {
				t.Errorf("%s: %v is of %v, and the model of %s", name, resource["type"], resource["apiVersion"], want)
			}
		}
	}
}

func asking(a *asked) *arm.ClientOptions {
	return &arm.ClientOptions{ClientOptions: policy.ClientOptions{
		Transport: a, Retry: policy.RetryOptions{MaxRetries: -1},
	}}
}
