package vm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Tree describes everything at and below the given paths as the machine sees it: type, mode, owner,
// and the digest of a file or the target of a symbolic link, by the path inside the machine. Times
// are not in it. A path that is absent has no entry, and other file systems mounted below a path are
// not entered, so that the disk below "/" is seen and /proc is not. No process is started.
func (v *VM) Tree(ctx context.Context, paths ...string) (map[string]string, error) {
	tree := map[string]string{}
	for _, path := range paths {
		path = filepath.Clean("/" + path)
		err := v.at(filepath.Dir(path), func(parent string) error {
			// "/." resolves the handle where the path is the root itself.
			return walk(ctx, tree, parent+"/"+strings.TrimPrefix(filepath.Base(path), "/"), path)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("cannot list %s: %w", path, err)
		}
	}
	return tree, nil
}

// walk adds all at and below a path of the host to the tree, under the machine's names.
func walk(ctx context.Context, tree map[string]string, hostPath, path string) error {
	top, err := os.Lstat(hostPath)
	if err != nil {
		return err
	}
	return filepath.WalkDir(hostPath, func(at string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went away while we walked
		}
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		line, info, err := describe(at)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if info.IsDir() && deviceOf(info) != deviceOf(top) {
			return fs.SkipDir
		}
		tree[filepath.Join(path, strings.TrimPrefix(at, strings.TrimSuffix(hostPath, "/")))] = line
		return nil
	})
}

// describe gives one line about a file: type, mode, owner, content.
func describe(path string) (string, os.FileInfo, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", nil, err
	}
	stat := info.Sys().(*syscall.Stat_t) // always, on Linux
	line := fmt.Sprintf("%s %d:%d", info.Mode(), stat.Uid, stat.Gid)
	var content string
	switch {
	case info.Mode().IsRegular():
		content, err = digest(path)
	case info.Mode()&os.ModeSymlink != 0:
		content, err = os.Readlink(path)
	}
	return strings.TrimSpace(line + " " + content), info, err
}

// digest gives the SHA-256 of a file in hexadecimal.
func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// deviceOf tells file systems apart.
func deviceOf(info os.FileInfo) uint64 { return info.Sys().(*syscall.Stat_t).Dev }
