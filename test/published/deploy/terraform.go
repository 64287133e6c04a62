package deploy

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// configuration is what the Terraform files of a folder say together.
type configuration struct {
	blocks hclsyntax.Blocks
}

// terraform parses the .tf files of a folder.
func terraform(folder string) (configuration, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		return configuration{}, err
	}
	var c configuration
	parser := hclparse.NewParser()
	for _, name := range names {
		file, problems := parser.ParseHCLFile(name)
		if problems.HasErrors() {
			return configuration{}, problems
		}
		c.blocks = append(c.blocks, file.Body.(*hclsyntax.Body).Blocks...)
	}
	return c, nil
}

// of gives the blocks of a type, such as "resource", by their labels with dots between.
func (c configuration) of(kind string) map[string]*hclsyntax.Block {
	all := map[string]*hclsyntax.Block{}
	for _, block := range c.blocks {
		if block.Type == kind {
			all[strings.Join(block.Labels, ".")] = block
		}
	}
	return all
}

// context gives what expressions may use: the variables with their defaults or the values given, the
// functions that deploy/ uses, and no more.
func (c configuration) context(values map[string]cty.Value) (*hcl.EvalContext, error) {
	context := &hcl.EvalContext{Functions: map[string]function.Function{
		"jsonencode": stdlib.JSONEncodeFunc, "tostring": stdlib.MakeToFunc(cty.String), "floor": stdlib.FloorFunc,
	}}
	variables := map[string]cty.Value{}
	for name, block := range c.of("variable") {
		value, given := values[name]
		attributes := block.Body.Attributes
		if fallback := attributes["default"]; !given && fallback != nil {
			var problems hcl.Diagnostics
			if value, problems = fallback.Expr.Value(nil); problems.HasErrors() {
				return nil, problems
			}
		} else if !given {
			return nil, fmt.Errorf("nothing is given for variable %s, which has no default", name)
		}
		kind, problems := typeexpr.TypeConstraint(attributes["type"].Expr)
		if problems.HasErrors() {
			return nil, problems
		}
		var err error
		if variables[name], err = convert.Convert(value, kind); err != nil {
			return nil, fmt.Errorf("variable %s: %w", name, err)
		}
	}
	context.Variables = map[string]cty.Value{"var": cty.ObjectVal(variables)}
	return context, nil
}

// conditions gives the message of the first validation of a variable that does not hold, or "".
func (c configuration) conditions(variable string, context *hcl.EvalContext) (string, error) {
	for _, block := range c.of("variable")[variable].Body.Blocks {
		if block.Type != "validation" {
			continue
		}
		holds, problems := block.Body.Attributes["condition"].Expr.Value(context)
		if problems.HasErrors() {
			return "", problems
		}
		if holds.False() {
			message, problems := block.Body.Attributes["error_message"].Expr.Value(context)
			if problems.HasErrors() {
				return "", problems
			}
			return message.AsString(), nil
		}
	}
	return "", nil
}

// extension gives the one VM extension.
func (c configuration) extension(values map[string]cty.Value) (extension, error) {
	context, err := c.context(values)
	if err != nil {
		return extension{}, err
	}
	attributes := c.of("resource")["azurerm_virtual_machine_extension.docker"].Body.Attributes
	text := func(name string) string {
		value, problems := attributes[name].Expr.Value(context)
		if problems.HasErrors() {
			err = problems
			return ""
		}
		return value.AsString()
	}
	upgrades, problems := attributes["auto_upgrade_minor_version"].Expr.Value(context)
	if problems.HasErrors() {
		return extension{}, problems
	}
	return extension{
		Publisher: text("publisher"), Type: text("type"), Version: text("type_handler_version"),
		MinorUpgrades: upgrades.True(),
		Public:        []byte(text("settings")), Protected: []byte(text("protected_settings")),
	}, err
}
