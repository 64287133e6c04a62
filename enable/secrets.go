package enable

import (
	"encoding/json"

	"docker-extension/internal/registry"
)

// SecretsOf gives every string in the protected settings of an order, wherever it stands: what a person
// meant to hide is hidden, also under a key that we do not know. Where a registry is and who logs in there
// are no secrets; without the first nobody could read a message about an image. What docker makes of name
// and password, both in one, is a secret too.
func SecretsOf(o Order) []string {
	var v any
	if json.Unmarshal(o.Protected, &v) != nil {
		return nil
	}
	return secretsIn(v)
}

func secretsIn(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var found []string
		for _, item := range v {
			found = append(found, secretsIn(item)...)
		}
		return found
	case map[string]any:
		return secretsInObject(v)
	default:
		return nil
	}
}

func secretsInObject(members map[string]any) []string {
	var found []string
	password, account := members["password"]
	for name, item := range members {
		if !account || name != "server" && name != "username" {
			found = append(found, secretsIn(item)...)
		}
	}
	user, named := members["username"].(string)
	if text, ok := password.(string); ok && named {
		found = append(found, user+":"+registry.Password(text))
	}
	return found
}
