package vm

import (
	"strings"
	"testing"
)

// syncScript writes two files, and flushes one of them and its folder; it renames two files, and flushes
// the folder of one of them.
const syncScript = `mkdir -p /srv/synced /srv/lost /srv/kept && touch /srv/kept/old /srv/lost/old && sync
python3 -c '
import os
def write(path, sync):
    with open(path, "w") as f:
        f.write("content")
        f.flush()
        if sync: os.fsync(f.fileno())
def sync(folder):
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)
write("/srv/synced/file", True)
os.rename("/srv/kept/old", "/srv/kept/new")
sync("/srv/synced")
sync("/srv/kept")
write("/srv/lost/file", False)
os.rename("/srv/lost/old", "/srv/lost/new")
'
cat /srv/lost/file /srv/lost/new`

// TestPowerCut proves the tool: what was synced is there after a cut, and nothing else.
func TestPowerCut(t *testing.T) {
	for _, suite := range Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			machine := ForTestWith(t, Options{Suite: suite, Image: true})
			for range 2 { // the disk after a cut can be cut again
				testCut(t, machine)
			}
			testRestore(t, machine)
		})
	}
}

// testCut cuts until something is lost: what somebody else in the machine flushes in that moment (the journal, say)
// takes along all that the file system has noted until then.
func testCut(t *testing.T, machine *VM) {
	t.Helper()
	const lost, kept = "contentkept/new\nlost/old\nsynced/file", "contentkept/new\nlost/file\nlost/new\nsynced/file"
	got := kept
	for tries := 0; got == kept && tries < 3; tries++ {
		sh(t, machine, "rm -rf /srv/*; "+syncScript)
		if err := machine.PowerCut(t.Context()); err != nil {
			t.Fatal(err)
		}
		got = sh(t, machine, "cat /srv/synced/file; cd /srv; ls */*")
	}
	if got != lost {
		t.Errorf("after the cut: %q, wanted %q", got, lost)
	}
}

func testRestore(t *testing.T, machine *VM) {
	sh(t, machine, "echo first >/srv/state")
	if err := machine.Halt(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := machine.Save(t.Context(), "first"); err != nil {
		t.Fatal(err)
	}
	if err := machine.PowerOn(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		sh(t, machine, "echo second >/srv/state; touch /var/lib/docker/more; sync")
		if err := machine.Restore(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		if got := sh(t, machine, "cat /srv/state; ls /var/lib/docker"); got != "first" {
			t.Errorf("restored: %q", got)
		}
	}
	record := *machine.rec
	if err := machine.Close(); err != nil {
		t.Fatal(err)
	}
	expectNothing(t, &record)
	if devices, err := hostCommand(t.Context(), "losetup", "--list", "--noheadings", "--output", "BACK-FILE"); err != nil ||
		strings.Contains(devices, record.Folder) {
		t.Errorf("loop devices are left (%v): %s", err, devices)
	}
}

// sh runs a script that must succeed, and gives its trimmed output.
func sh(t *testing.T, machine *VM, script string) string {
	t.Helper()
	output, err := machine.Sh(t.Context(), script)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(output)
}

// TestOrdinaryDiskHasNoPowerCut: what would not be true is refused.
func TestOrdinaryDiskHasNoPowerCut(t *testing.T) {
	machine := VM{rec: &record{Name: "ordinary"}}
	if machine.PowerCut(t.Context()) == nil || machine.Save(t.Context(), "first") == nil {
		t.Error("a machine without an image lost its power")
	}
}
