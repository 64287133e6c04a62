package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// services is what the VMs find on this host: a mirror of their package archives, and a registry with one
// image.
type services struct {
	port   int
	server *http.Server
	mirror *mirror
	image  *image
}

func startServices(ctx context.Context, folder string) (*services, error) {
	s := &services{mirror: &mirror{folder: filepath.Join(folder, "mirror")}, image: &image{}}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "0.0.0.0:0")
	if err != nil {
		return nil, err
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	mux := http.NewServeMux()
	mux.Handle("GET /archive/", s.mirror)
	mux.HandleFunc("GET /v2/", s.image.serve)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(listener) }()
	// Lists of an earlier run may be out of date; packages never are.
	return s, os.RemoveAll(filepath.Join(s.mirror.folder, "dists"))
}

func (s *services) stop() { _ = s.server.Close() }

// mirror hands out the files of package archives. What it has not it gets from the real archive, once.
type mirror struct {
	folder string

	mu       sync.Mutex
	upstream []string
	busy     sync.Map // a lock for each file
}

// sources gives apt's sources with this mirror instead of the archives in them.
func (m *mirror) sources(text, address string) string {
	return regexp.MustCompile(`(?m)^URIs: (\S+)$`).ReplaceAllStringFunc(text, func(line string) string {
		uri := strings.TrimSuffix(strings.TrimPrefix(line, "URIs: "), "/")
		m.mu.Lock()
		defer m.mu.Unlock()
		for i, known := range m.upstream {
			if known == uri {
				return fmt.Sprintf("URIs: http://%s/archive/%d", address, i)
			}
		}
		m.upstream = append(m.upstream, uri)
		return fmt.Sprintf("URIs: http://%s/archive/%d", address, len(m.upstream)-1)
	})
}

// ServeHTTP serves /archive/NUMBER/PATH.
func (m *mirror) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	number, name, _ := strings.Cut(strings.TrimPrefix(path.Clean(r.URL.Path), "/archive/"), "/")
	m.mu.Lock()
	var upstream string
	for i, uri := range m.upstream {
		if fmt.Sprint(i) == number {
			upstream = uri
		}
	}
	m.mu.Unlock()
	file := filepath.Join(m.folder, strings.SplitN(name, "/", 2)[0], hex.EncodeToString(digest([]byte(upstream + name))[:16]))
	lock, _ := m.busy.LoadOrStore(file, &sync.Mutex{})
	lock.(*sync.Mutex).Lock()
	err := fetch(r.Context(), upstream+"/"+name, file)
	lock.(*sync.Mutex).Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	http.ServeFile(w, r, file)
}

// fetch gets a file unless it is there.
func fetch(ctx context.Context, url, file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	part, err := os.Create(file + ".part")
	if err != nil {
		return err
	}
	_, err = io.Copy(part, response.Body)
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}

func digest(content []byte) []byte {
	sum := sha256.Sum256(content)
	return sum[:]
}

// image is a registry (distribution specification, version 2 of the API) that has one image under every
// name: the busybox of the VMs.
type image struct {
	mu                      sync.Mutex
	layer, config, manifest []byte
}

const manifestType = "application/vnd.docker.distribution.manifest.v2+json"

// load takes the image's files from a tar archive.
func (i *image) load(layer []byte) error {
	if _, err := tar.NewReader(bytes.NewReader(layer)).Next(); err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.layer = layer
	i.config = encode(map[string]any{
		"architecture": "amd64", "os": "linux", "config": map[string]any{},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{name(layer)}},
	})
	i.manifest = encode(map[string]any{
		"schemaVersion": 2, "mediaType": manifestType,
		"config": map[string]any{"mediaType": "application/vnd.docker.container.image.v1+json", "size": len(i.config), "digest": name(i.config)},
		"layers": []any{map[string]any{"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "size": len(layer), "digest": name(layer)}},
	})
	return nil
}

func name(content []byte) string { return "sha256:" + hex.EncodeToString(digest(content)) }

func encode(v any) []byte {
	text, _ := json.Marshal(v) // maps and strings, which cannot fail
	return text
}

func (i *image) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	kind, content := "application/octet-stream", []byte(nil)
	switch wanted := path.Base(r.URL.Path); {
	case r.URL.Path == "/v2/":
		return
	case strings.Contains(r.URL.Path, "/manifests/"):
		kind, content = manifestType, i.manifest
	case wanted == name(i.config):
		content = i.config
	case wanted == name(i.layer):
		content = i.layer
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Docker-Content-Digest", name(content))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
