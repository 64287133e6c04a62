package oplog

import (
	"io"
	"os"
	"path/filepath"
	"sync"

	"docker-extension/internal/host/files"
)

// FileName is the name of the log file in the agent's log folder; with OldSuffix it is the one
// before. MaxFileSize, in bytes, is where a new file is begun.
const (
	FileName    = "docker-extension.log"
	OldSuffix   = ".1"
	MaxFileSize = 5 << 20
)

// Path gives the log file in the given log folder.
func Path(folder string) string { return filepath.Join(folder, FileName) }

// file is the log file, which several processes may write to at once.
type file struct {
	root files.Root
	path string

	mu   sync.Mutex
	open *os.File
}

// OpenFile opens the log file in folder to write at its end; it is readable by root only. Before it
// would grow beyond MaxFileSize it is put aside, over the one that was put aside before, so that the
// two together stay near twice that size, also when one run has very much to say.
func OpenFile(root files.Root, folder string) (io.WriteCloser, error) {
	if err := root.MakeDir(folder, 0o755); err != nil {
		return nil, err
	}
	f := &file{root: root, path: Path(folder)}
	var err error
	f.open, err = root.OpenAppend(f.path, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Write writes at the end of the file, in one piece.
func (f *file) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if info, err := f.open.Stat(); err == nil && info.Size() > 0 && info.Size()+int64(len(p)) > MaxFileSize {
		f.renew()
	}
	return f.open.Write(p)
}

// renew puts the full file aside, unless another process has done so already, and opens a new one. If
// that cannot be done the old one goes on: better a long log than none.
func (f *file) renew() {
	if f.root.Names(f.path, f.open) && f.root.Rename(f.path, f.path+OldSuffix) != nil {
		return
	}
	fresh, err := f.root.OpenAppend(f.path, 0o600)
	if err != nil {
		return
	}
	f.open.Close()
	f.open = fresh
}

// Close closes the file.
func (f *file) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.open.Close()
}
