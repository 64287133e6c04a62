package agent

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// Package is an extension zip and the version under which it is published.
type Package struct {
	// Version is digits and dots; the fabric gives it, the zip does not.
	Version string
	// Zip is the whole archive.
	Zip []byte
}

// OpenPackage reads the zip at file. The version is the one at the end of the file's name, as in
// docker-extension-1.2.3.zip.
func OpenPackage(file string) (Package, error) {
	found := regexp.MustCompile(`-v?(\d+(?:\.\d+)*)[^/]*\.zip$`).FindStringSubmatch(file)
	if found == nil {
		return Package{}, fmt.Errorf("%s does not end in a version, such as -1.2.3.zip", file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return Package{}, err
	}
	return Package{Version: found[1], Zip: content}, nil
}

// compareVersions orders versions number by number; a missing number counts as zero.
func compareVersions(a, b string) int {
	left, right := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(left), len(right)) {
		if d := number(left, i) - number(right, i); d != 0 {
			return d
		}
	}
	return 0
}

func number(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, _ := strconv.Atoi(parts[i])
	return n
}

// extract unzips archive over folder as Python's extractall does (stored modes and link types are
// lost, unsafe names are made safe), then gives every file below folder the owner's execute bit, as
// the agent does (exthandlers.py, initialize).
func extract(f files, archive []byte, folder string) error {
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return fmt.Errorf("cannot read the zip: %w", err)
	}
	if err := f.mkdir(folder, 0o755); err != nil {
		return err
	}
	for _, entry := range reader.File {
		if err := extractEntry(f, entry, folder); err != nil {
			return err
		}
	}
	return makeExecutable(f.HostPath(folder))
}

func extractEntry(f files, entry *zip.File, folder string) error {
	target := path.Join(folder, path.Join("/", entry.Name))
	if strings.HasSuffix(entry.Name, "/") {
		return f.mkdir(target, 0o755)
	}
	if err := f.mkdir(path.Dir(target), 0o755); err != nil {
		return err
	}
	content, err := readEntry(entry)
	if err != nil {
		return fmt.Errorf("cannot unzip %s: %w", entry.Name, err)
	}
	return f.write(target, 0o644, content)
}

func readEntry(entry *zip.File) ([]byte, error) {
	stream, err := entry.Open()
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	return io.ReadAll(stream)
}

func makeExecutable(folder string) error {
	return filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return os.Chmod(file, info.Mode().Perm()|0o100)
	})
}
