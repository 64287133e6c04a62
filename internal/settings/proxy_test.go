package settings

import (
	"slices"
	"testing"

	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// refusedProxy is what is said of an address that is none, and never the address itself.
const refusedProxy = `publicSettings.docker.proxy.https: is not the address of a proxy (use an address like "http://proxy.example.com:3128", and percent-encode user and password: % as %25, # as %23, / as %2F)`

func TestAddressOfAProxy(t *testing.T) {
	for address, want := range map[string][]string{
		"http://proxy":                        nil,
		"http://proxy:3128/":                  nil,
		"https://user:pass@proxy:3128":        nil,
		"http://user:hu%25sh%23@[fd00::1]:80": nil,

		"http://user:hu%sh@proxy:3128":  {refusedProxy},
		"http://user:hu#sh@proxy:3128":  {refusedProxy},
		"http://user:hu/sh@proxy:3128":  {refusedProxy},
		"http://user:hu?sh@proxy:3128":  {refusedProxy},
		"http://user:hu\\\"sh@proxy":    {refusedProxy},
		"http://user:12#hush@proxy":     {refusedProxy}, // the host user and its port 12
		"http://user:12/hush@proxy":     {refusedProxy},
		"http://user:12?hush@proxy":     {refusedProxy},
		"http://user:hush@":             {refusedProxy},
		"http://user:hush@proxy:number": {refusedProxy},
	} {
		t.Run(address, func(t *testing.T) {
			_, err := Parse([]byte(`{"docker": {"proxy": {"https": "`+address+`"}}}`), nil, Options{Now: now})
			compareFaults(t, err, want)
		})
	}
}

func TestSecretsOfProxies(t *testing.T) {
	for address, want := range map[string][]string{
		"":                                nil,
		"http://proxy:3128":               nil,
		"http://user:pa%25ss@proxy:3128":  {"http://user:pa%25ss@proxy:3128", "pa%25ss", "pa%ss", "user:pa%25ss"},
		"http://user:pa%40%24@proxy:3128": {"http://user:pa%40%24@proxy:3128", "pa%40%24", "pa@$", "user:pa%40$", "user:pa%40%24"},
		"http://token@proxy:3128":         {"http://token@proxy:3128", "token"},

		// Refused, and no less secret.
		"http://user:pa%ss@proxy:3128":   {"http://user:pa%ss@proxy:3128", "pa%ss", "user:pa%ss"},
		"http://user:12#p@ss@proxy:3128": {"http://user:12#p@ss@proxy:3128", "12#p@ss", "user:12#p@ss"},
	} {
		got := Docker{Proxy: state.Proxy{HTTPS: secret.New(address)}}.Secrets()
		for _, text := range want {
			if !slices.Contains(got, text) {
				t.Errorf("%s: %q is not among %q", address, text, got)
			}
		}
		if len(want) == 0 && len(got) > 0 {
			t.Errorf("%s: %q", address, got)
		}
	}
}
