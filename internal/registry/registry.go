// Package registry knows how docker keeps accounts at registries: in config.json, an object auths with
// one entry for each registry. It puts entries in and takes them out again, and leaves all others alone.
package registry

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// File is where docker keeps the accounts that root uses, on the command line and in compose.
const File = "/root/.docker/config.json"

// Hub is Docker Hub's name in config.json.
const Hub = state.DockerHub

// Name gives the name under which docker keeps the account of a server: host and port in small letters, or
// Hub for no server and for Docker Hub's own names. It is empty for an address without a host.
func Name(server string) string {
	if server == "" {
		return Hub
	}
	name := strings.ToLower(server)
	name = strings.TrimPrefix(strings.TrimPrefix(name, "https://"), "http://")
	name, _, _ = strings.Cut(name, "/")
	switch name {
	case "docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com", "hub.docker.com":
		return Hub
	}
	return name
}

// Password gives the password that is meant by a text, without the line breaks at its end: a token comes
// from a file as a rule, and docker login --password-stdin leaves them out as well (cli/command/registry/login.go).
func Password(text string) string { return strings.TrimRight(text, "\r\n") }

// Seal gives a digest of an account that cannot be guessed back without the key.
func Seal(key []byte, account state.Account) state.Digest {
	return state.Digest(secret.Seal(key, account.Server, account.Username, account.Password.Reveal()))
}

// Merged is what config.json should say, and what to remember about it.
type Merged struct {
	// Content is the whole file; the file's own bytes if it says the same already. Empty tells that no
	// key is left in it.
	Content []byte
	Empty   bool
	// Entries are ours: what we wrote, and what a person had there before.
	Entries map[string]state.Entry
	// Helper tells that the file names a program that keeps the accounts, which docker then asks
	// instead of reading the file.
	Helper bool
}

// Merge puts the wanted accounts into config.json and takes out those that were ours and are no longer
// wanted. In: the file's bytes (nil if there is none), the entries that are ours by the ledger, the
// accounts, each with the Name of its server, and the key for digests. An entry that a person has changed
// since is theirs. Out: the result, or a fault with code HostConfig for a file that docker could not read
// either.
func Merge(present []byte, ours map[string]state.Entry, wanted []state.Account, key []byte) (Merged, error) {
	config, err := parse(present)
	if err != nil {
		return Merged{}, err
	}
	before, err := parse(config["auths"])
	if err != nil {
		return Merged{}, err
	}
	m := merger{after: maps.Clone(before), key: key, entries: map[string]state.Entry{}}
	for _, account := range wanted {
		m.set(account, ours)
	}
	for server, entry := range ours {
		if _, still := m.entries[server]; !still {
			m.drop(server, entry)
		}
	}
	result := Merged{Content: present, Entries: m.entries, Helper: config["credsStore"] != nil || config["credHelpers"] != nil}
	if !reflect.DeepEqual(m.after, before) {
		config["auths"] = encode(m.after)
		if len(m.after) == 0 {
			delete(config, "auths")
		}
		result.Content = append(encode(config), '\n')
	}
	result.Empty = len(config) == 0
	return result, nil
}

type merger struct {
	after   map[string]json.RawMessage
	entries map[string]state.Entry
	key     []byte
}

// set writes a wanted account. An entry that says the same keeps its own form.
func (m *merger) set(account state.Account, ours map[string]state.Entry) {
	there, present := m.after[account.Server]
	known, isOurs := ours[account.Server]
	digest := Seal(m.key, account)
	entry := state.Entry{Written: []state.Digest{digest}, Earlier: known.Earlier}
	if !isOurs && present {
		entry.Earlier = there
	}
	m.entries[account.Server] = entry
	if m.digest(account.Server, there) != digest {
		credentials := base64.StdEncoding.EncodeToString([]byte(account.Username + ":" + account.Password.Reveal()))
		m.after[account.Server] = encode(map[string]string{"auth": credentials})
	}
}

func (m *merger) drop(server string, entry state.Entry) {
	if !slices.Contains(entry.Written, m.digest(server, m.after[server])) {
		return
	}
	delete(m.after, server)
	if entry.Earlier != nil {
		m.after[server] = entry.Earlier
	}
}

// digest gives the digest of the account in an entry; "" where there is none that can be read.
func (m *merger) digest(server string, entry json.RawMessage) state.Digest {
	var held struct {
		Auth string `json:"auth"`
	}
	if len(entry) == 0 || json.Unmarshal(entry, &held) != nil {
		return ""
	}
	text, err := base64.StdEncoding.DecodeString(held.Auth)
	username, password, ok := strings.Cut(string(text), ":")
	if err != nil || !ok {
		return ""
	}
	return Seal(m.key, state.Account{Server: server, Username: username, Password: secret.New(password)})
}

// parse reads an object; nothing is an empty one.
func parse(text []byte) (map[string]json.RawMessage, error) {
	object := map[string]json.RawMessage{}
	if text = bytes.TrimSpace(text); len(text) == 0 || string(text) == "null" {
		return object, nil
	}
	if json.Unmarshal(text, &object) != nil {
		// Without the decoder's words: they may show a piece of a password.
		return nil, fault.New(fault.HostConfig, File, "repair the file, or move it away and log in again",
			"cannot add an account: the file is not what docker writes")
	}
	return object, nil
}

// encode writes what came from JSON, or is strings only, in docker's own layout.
func encode(value any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "\t")
	_ = encoder.Encode(value)
	return bytes.TrimSpace(out.Bytes())
}
