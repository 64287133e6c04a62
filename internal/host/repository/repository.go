// Package repository makes package repositories known to apt. A repository is tried first, with its
// key, at a place where apt does not look by itself: one that cannot be used would otherwise break
// every later run of apt on the host, unattended upgrades included.
package repository

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/apt"
	"docker-extension/internal/host/files"
	"docker-extension/internal/keyring"
	"docker-extension/internal/patience"
	"docker-extension/internal/state"
)

const placeKey = "publicSettings.docker.source.key"

// trial is where a repository is tried. apt checks signatures as a user of its own (_apt), which has
// to be able to read the key: the extension's own folders are for root alone.
const trial = "/run/docker-extension-source"

// Repositories is the hand that adds repositories. All fields are needed.
type Repositories struct {
	Root files.Root
	Apt  apt.Apt
	Now  func() time.Time
}

// Add gets the key, checks it, tries the repository, and then puts description and key in place. It
// gives the fingerprints of the keys. On an error nothing of it is left; the error is a fault with
// code fault.PackageSource, or HostFiles.
func (r Repositories) Add(ctx context.Context, repository state.Repository, proxy state.Proxy) ([]string, error) {
	ring, err := r.key(ctx, repository.Key, proxy)
	if err != nil {
		return nil, err
	}
	if err := r.try(ctx, repository, ring.text, proxy); err != nil {
		return nil, err
	}
	for _, p := range []string{repository.File, repository.Keyring} {
		if _, err := r.Root.Read(p); p != "" && err != nil {
			return nil, err // a symbolic link, say: what it leads to is somebody else's
		}
	}
	// The key comes first: a description without it would break apt.
	if repository.Keyring != "" {
		if err := r.Root.Write(repository.Keyring, public(ring.text)); err != nil {
			return nil, err
		}
	}
	return ring.fingerprints, r.Root.Write(repository.File, public(repository.Description(repository.Keyring)))
}

// try lets apt read the repository, and it alone.
func (r Repositories) try(ctx context.Context, repository state.Repository, key []byte, proxy state.Proxy) (err error) {
	defer func() {
		if removeErr := r.Root.RemoveTree(trial); err == nil {
			err = removeErr
		}
	}()
	if err := r.Root.MakeDir(trial, 0o755); err != nil {
		return err
	}
	keyFile := ""
	if repository.Keyring != "" {
		keyFile = path.Join(trial, path.Base(repository.Keyring))
		if err := r.Root.Write(keyFile, public(key)); err != nil {
			return err
		}
		keyFile = r.Root.Path(keyFile)
	}
	description := path.Join(trial, path.Base(repository.File))
	if err := r.Root.Write(description, public(repository.Description(keyFile))); err != nil {
		return err
	}
	return r.Apt.Try(ctx, description, proxy)
}

func public(content []byte) state.File {
	return state.File{Exists: true, Mode: 0o644, Content: content}
}

// signer is a key as it is going to be on the host.
type signer struct {
	text         []byte
	fingerprints []string
}

// key gets the key of a repository and checks that it is the wanted one, and fit.
func (r Repositories) key(ctx context.Context, key state.Key, proxy state.Proxy) (signer, error) {
	if key == (state.Key{}) {
		return signer{}, nil
	}
	data, err := r.get(ctx, key, proxy)
	if err != nil {
		return signer{}, err
	}
	ring, err := keyring.Parse(data)
	if err == nil {
		ring, err = ring.Only(key.Fingerprint)
	}
	if err == nil {
		err = ring.Trouble(r.Now())
	}
	if err != nil {
		return signer{}, fault.New(fault.PackageSource, placeKey, keyHint(key), "the key %s%w", from(key), err)
	}
	text, err := ring.Armoured()
	if err != nil {
		return signer{}, fault.New(fault.Internal, placeKey, "report this", "cannot write the key: %w", err)
	}
	return signer{text, ring.Fingerprints()}, nil
}

func (r Repositories) get(ctx context.Context, key state.Key, proxy state.Proxy) ([]byte, error) {
	switch name, local := localFile(key.Address); {
	case key.Text != "":
		return []byte(key.Text), nil
	case local:
		file, err := r.Root.ReadFollowing(name)
		if err == nil && !file.Exists {
			err = fmt.Errorf("there is no file %s", name)
		}
		if err != nil {
			return nil, fault.New(fault.PackageSource, placeKey, "put the key there, or give another address", "cannot read the key: %w", err)
		}
		return file.Content, nil
	default:
		return r.download(ctx, key.Address, proxy)
	}
}

// localFile gives the file that an address names, decoded as apt decodes its own: %25 is %.
func localFile(address string) (name string, local bool) {
	name, local = strings.CutPrefix(address, "file://")
	if decoded, err := url.PathUnescape(name); err == nil {
		name = decoded
	}
	return name, local
}

// download fetches a key, and tries again as long as it is the network or the server that fails.
func (r Repositories) download(ctx context.Context, address string, proxy state.Proxy) (data []byte, err error) {
	err = patience.Of(ctx).Retry(ctx, patience.Outage(r.Apt.Pause), func() error {
		var err error
		if data, err = fetch(ctx, address, proxy); err == nil {
			return nil
		}
		refused := fault.New(fault.PackageSource, placeKey, fetchHint(err), "cannot fetch the key from %s: %w", address, err)
		if passes(err) {
			return patience.Later(address+" to answer", refused)
		}
		return refused
	})
	return data, err
}

func from(key state.Key) string {
	if key.Address == "" {
		return ""
	}
	return "from " + key.Address + " "
}

func keyHint(key state.Key) string {
	if key.Address == "" {
		return "send the present key of the repository"
	}
	return "look at what is at that address; a proxy or a mirror in between may have changed it"
}
