package vm

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// imageSize is what the disk can hold, in bytes. The image is a sparse file: it takes what is written.
	imageSize = 6 << 30
	// imageOptions make the file system keep what nobody has synced to itself, as the worst of disks may:
	// no commit of the journal by the clock, and no flush of a file because it is renamed over another
	// (ext4(5), commit and auto_da_alloc).
	imageOptions = "loop,commit=36000,noauto_da_alloc"

	// ext4Shutdown makes an ext4 file system end at once, as if its disk were gone: what is not on the
	// disk never comes there, the journal's running transaction included (EXT4_IOC_SHUTDOWN with
	// EXT4_GOING_FLAGS_NOLOGFLUSH in the kernel's fs/ext4/ext4.h).
	ext4Shutdown   = 0x8004587d // _IOR('X', 125, __u32)
	ext4NoLogFlush = 2
)

func (r *record) mountPoint() string { return filepath.Join(r.Folder, "disk") }
func (r *record) image() string      { return filepath.Join(r.Folder, "disk.img") }

// imageUp makes an empty image and mounts it.
func (r *record) imageUp(ctx context.Context) error {
	if err := os.MkdirAll(r.Folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(r.image(), nil, 0o600); err != nil {
		return err
	}
	if err := os.Truncate(r.image(), imageSize); err != nil {
		return err
	}
	if _, err := hostCommand(ctx, "mkfs.ext4", "-q", r.image()); err != nil {
		return err
	}
	return r.mountImage(ctx)
}

func (r *record) mountImage(ctx context.Context) error {
	if err := os.MkdirAll(r.mountPoint(), 0o755); err != nil {
		return err
	}
	_, err := hostCommand(ctx, "mount", "-o", imageOptions, r.image(), r.mountPoint())
	return err
}

// PowerCut takes the power from the machine and gives it back: all processes die, and what nobody has
// synced is gone. It needs Options.Image, and returns when the machine has booted again.
//
// The file system is told to end, which takes no time in which something could still be written. The
// machine then boots a copy of the image: somebody on the host may hold a mount of the old one for a
// while, as every new mount namespace does.
func (v *VM) PowerCut(ctx context.Context) error {
	if err := v.BlackOut(); err != nil {
		return err
	}
	if err := v.HardStop(ctx); err != nil {
		return err
	}
	if err := v.replaceDisk(ctx, v.rec.image()); err != nil {
		return err
	}
	return v.PowerOn(ctx)
}

// BlackOut is the first moment of a PowerCut, for who needs to choose it: from now on nothing reaches the
// disk, and all processes die. It does not wait for them. PowerCut is to follow.
func (v *VM) BlackOut() error {
	if !v.rec.Image {
		return fmt.Errorf("cannot cut the power of %s: its disk is no image", v.Name())
	}
	top, err := os.Open(v.rec.mountPoint())
	if err != nil {
		return err
	}
	defer top.Close()
	if err := unix.IoctlSetPointerInt(int(top.Fd()), ext4Shutdown, ext4NoLogFlush); err != nil {
		return fmt.Errorf("cannot cut the power of %s: %w", v.Name(), err)
	}
	if leader, err := v.leader(); err == nil {
		return sendSignal(leader, syscall.SIGKILL)
	}
	return nil
}

// Sync writes everything that the machine has written so far to its disk.
func (v *VM) Sync() error { return v.rec.sync() }

// saved gives where the disk is kept under a name.
func (r *record) saved(name string) string { return filepath.Join(r.Folder, "saved-"+name+".img") }

// Save keeps the disk as it is under a name, for Restore. The machine must be off.
func (v *VM) Save(ctx context.Context, name string) error {
	if v.Running() || !v.rec.Image {
		return fmt.Errorf("cannot save the disk of %s: it is on, or its disk is no image", v.Name())
	}
	if err := v.rec.sync(); err != nil {
		return err
	}
	return copySparse(ctx, v.rec.image(), v.rec.saved(name))
}

// Restore makes the disk what it was at the last Save under this name, and boots it. A machine that is on
// is stopped hard.
func (v *VM) Restore(ctx context.Context, name string) error {
	if err := v.HardStop(ctx); err != nil {
		return err
	}
	if err := v.replaceDisk(ctx, v.rec.saved(name)); err != nil {
		return err
	}
	return v.PowerOn(ctx)
}

// sync flushes the file system that the disk is.
func (r *record) sync() error {
	top, err := os.Open(r.ground())
	if err != nil {
		return err
	}
	defer top.Close()
	return unix.Syncfs(int(top.Fd()))
}

// replaceDisk mounts a copy of an image. The check before it replays the journal, as a boot does, and
// would find a copy that is torn.
func (v *VM) replaceDisk(ctx context.Context, from string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	part := filepath.Join(v.rec.Folder, "next.img")
	if err := copySparse(ctx, from, part); err != nil {
		return err
	}
	if err := v.rec.unmount(); err != nil {
		return err
	}
	if err := os.Rename(part, v.rec.image()); err != nil {
		return err
	}
	for _, check := range [][]string{{"e2fsck", "-p"}, {"e2fsck", "-f", "-n"}} {
		if _, err := hostCommand(ctx, check[0], append(check[1:], v.rec.image())...); err != nil {
			return fmt.Errorf("the disk of %s is damaged: %w", v.rec.Name, err)
		}
	}
	if err := v.rec.mountImage(ctx); err != nil {
		return err
	}
	return v.rec.mountRoot()
}

// copySparse copies a file and leaves out its holes.
func copySparse(ctx context.Context, from, to string) error {
	_, err := hostCommand(ctx, "cp", "--sparse=always", from, to)
	return err
}
