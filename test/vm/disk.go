package vm

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// engineFolders may not lie on an overlay: the engine stacks overlays of its own on them.
var engineFolders = [...]string{"docker", "containerd"}

// ground gives the folder that holds everything which the machine writes to its disk.
func (r *record) ground() string {
	if r.Image {
		return r.mountPoint()
	}
	return r.Folder
}

// diskUp makes the machine's disk, mounts it, and gives it its own name and machine-id.
func (r *record) diskUp(ctx context.Context) error {
	if r.Image {
		if err := r.imageUp(ctx); err != nil {
			return err
		}
	}
	if err := r.mountRoot(); err != nil {
		return err
	}
	return r.identify()
}

// mountRoot mounts the overlay, and the engine's folders over it.
func (r *record) mountRoot() error {
	upper, work := filepath.Join(r.ground(), "upper"), filepath.Join(r.ground(), "work")
	for _, folder := range []string{upper, work, r.merged()} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", r.Root, upper, work)
	if err := unix.Mount("overlay", r.merged(), "overlay", 0, options); err != nil {
		return fmt.Errorf("cannot mount the overlay %s: %w", r.merged(), err)
	}
	for _, name := range engineFolders {
		if err := r.mountEngineFolder(name); err != nil {
			return err
		}
	}
	return nil
}

// mountEngineFolder lays a plain folder over one folder of /var/lib. The mode is the package's own.
func (r *record) mountEngineFolder(name string) error {
	own, target := filepath.Join(r.ground(), name), filepath.Join(r.merged(), "var/lib", name)
	if err := os.MkdirAll(own, 0o710); err != nil {
		return err
	}
	if err := os.Chmod(own, 0o710); err != nil { // whatever the umask
		return err
	}
	if err := os.MkdirAll(target, 0o710); err != nil {
		return err
	}
	if err := unix.Mount(own, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("cannot mount %s: %w", target, err)
	}
	return nil
}

// identify writes host name and machine-id. An absent machine-id would make this a first boot, at
// which systemd enables units that the recipe has disabled.
func (r *record) identify() error {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	for path, content := range map[string]string{
		"etc/hostname":   r.Name + "\n",
		"etc/hosts":      "127.0.0.1 localhost\n127.0.1.1 " + r.Name + "\n",
		"etc/machine-id": hex.EncodeToString(id) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(r.merged(), path), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// diskDown unmounts all that lies below the machine's folder, and removes it.
func (r *record) diskDown() error {
	if err := r.unmount(); err != nil {
		return err
	}
	return os.RemoveAll(r.Folder)
}

// unmount unmounts all that lies below the machine's folder. A loop device goes with its last mount.
func (r *record) unmount() error {
	mounts, err := mountsBelow(r.Folder)
	if err != nil {
		return err
	}
	for _, mount := range mounts {
		if err := unix.Unmount(mount, unix.MNT_DETACH); err != nil && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("cannot unmount %s: %w", mount, err)
		}
	}
	return nil
}

// mountsBelow gives the mount points in a folder, deepest first.
func mountsBelow(folder string) ([]string, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var found []string
	for line := range strings.Lines(string(content)) {
		point := strings.Fields(line)[4]
		if strings.HasPrefix(point, folder+"/") {
			found = append(found, point)
		}
	}
	slices.SortStableFunc(found, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return found, nil
}
