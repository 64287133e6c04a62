package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"docker-extension/internal/dockerd"
	"docker-extension/internal/state"
)

// loadedFrom gives, for each unit, the digests of what it would read from these files.
func loadedFrom(files map[string]state.File) map[string]state.Loaded {
	atStart, atReload := daemonDigests(files)
	return map[string]state.Loaded{
		Socket:  {Started: digest(files[SocketDropIn].Content)},
		Service: {Started: atStart, Reloaded: atReload},
	}
}

// daemonDigests divides daemon.json into the keys that the engine reads again at a reload and those
// that it reads at its start only; certificates and proxy belong to the latter. A file that is no JSON
// object counts as a whole, for the start.
func daemonDigests(files map[string]state.File) (started, reloaded state.Digest) {
	content := files[DaemonJSON].Content
	keys := daemonJSON(content)
	others := [][]byte{files[CAFile].Content, files[CertFile].Content, files[KeyFile].Content}
	others = append(others, proxyPieces(files)...)
	if keys == nil {
		return digest(append(others, content)...), ""
	}
	var cold, warm [][]byte
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		entry := [][]byte{[]byte(key), compact(keys[key])}
		if dockerd.Reloadable(key) {
			warm = append(warm, entry...)
		} else {
			cold = append(cold, entry...)
		}
	}
	return digest(append(others, cold...)...), digest(warm...)
}

// daemonJSON gives the keys of a daemon.json: none for an empty file, nil for one that is no object.
func daemonJSON(content []byte) map[string]json.RawMessage {
	keys := map[string]json.RawMessage{}
	if len(content) > 0 && json.Unmarshal(content, &keys) != nil {
		return nil
	}
	return keys
}

// digest gives one digest of several pieces; their lengths go in too, so that moving a border
// between two pieces is a change.
func digest(pieces ...[]byte) state.Digest {
	h := sha256.New()
	for _, p := range pieces {
		fmt.Fprintf(h, "%d:", len(p)) // a hash never fails to write
		h.Write(p)
	}
	return state.Digest(hex.EncodeToString(h.Sum(nil)))
}

// compact takes white space and the order of keys out of a JSON value.
func compact(value json.RawMessage) []byte {
	var v any
	if json.Unmarshal(value, &v) != nil {
		return value
	}
	canonical, err := json.Marshal(v)
	if err != nil {
		return value
	}
	return canonical
}

func fileMode(mode uint32) fs.FileMode { return fs.FileMode(mode).Perm() }
