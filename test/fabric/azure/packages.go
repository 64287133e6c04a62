package azure

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What can go wrong with the download of a package.
const (
	NotFound  = "404"
	Broken    = "500"
	Slow      = "slow"      // a few bytes at a time, over Faults.Delay
	Truncated = "truncated" // the first half, said to be the whole
)

// Faults are what the fabric does wrong, until it is told otherwise.
type Faults struct {
	// Package is one of the four words for every package; empty when all is well.
	Package string `json:"package"`
	// Delay is how long a slow package takes.
	Delay time.Duration `json:"delay"`
	// LoseStatus says that uploads of the status fail, over both ways.
	LoseStatus bool `json:"loseStatus"`
}

// SetFaults replaces the faults.
func (f *Fabric) SetFaults(faults Faults) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = faults
}

// manifest lists the versions of an extension, oldest first.
func (f *Fabric) manifest(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimSuffix(r.PathValue("file"), ".xml")
	f.mu.Lock()
	known := slices.Sorted(maps.Keys(f.packages[name]))
	f.mu.Unlock()
	if len(known) == 0 && name != agentFamily {
		http.NotFound(w, r)
		return
	}
	var manifest pluginManifest
	for _, version := range known {
		manifest.Plugins = append(manifest.Plugins, published{version, wireURL("/package/" + name + "/" + version + ".zip")})
	}
	writeXML(w, manifest)
}

func (f *Fabric) download(w http.ResponseWriter, r *http.Request) {
	version := strings.TrimSuffix(r.PathValue("file"), ".zip")
	f.mu.Lock()
	content, faults := f.packages[r.PathValue("name")][version], f.faults
	f.mu.Unlock()
	if content == nil {
		http.NotFound(w, r)
		return
	}
	switch faults.Package {
	case NotFound:
		http.NotFound(w, r)
	case Broken:
		http.Error(w, "the fabric was told to fail", http.StatusInternalServerError)
	case Truncated:
		_, _ = w.Write(content[:len(content)/2])
	case Slow:
		trickle(w, r, content, faults.Delay)
	default:
		_, _ = w.Write(content)
	}
}

// trickle sends the content in a hundred pieces over a time.
func trickle(w http.ResponseWriter, r *http.Request, content []byte, whole time.Duration) {
	const pieces = 100
	tick := time.NewTicker(max(whole/pieces, time.Millisecond))
	defer tick.Stop()
	size := len(content)/pieces + 1
	for piece := range slices.Chunk(content, size) {
		if _, err := w.Write(piece); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return
		}
	}
}
