package host

import (
	"os"
	"path/filepath"
	"testing"

	"docker-extension/internal/host/files"
	"docker-extension/internal/state"
)

// An engine in another unit, in a shell or in the snap is somebody else's. Ours, a note of an engine that
// is gone, and a snap that is switched off are nothing.
func TestRival(t *testing.T) {
	const snapUnit = "/etc/systemd/system/" + state.SnapService
	ours := "12:pids:/system.slice/other.service\n1:name=systemd:/system.slice/docker.service\n0::/\n"
	cases := map[string]struct {
		files map[string]string
		links map[string]string
		want  state.Rival
	}{
		"none":                  {},
		"ours":                  {files: map[string]string{"/run/docker.pid": "812", "/proc/812/comm": "dockerd\n", "/proc/812/cgroup": ours}},
		"ours, unified":         {files: map[string]string{"/run/docker.pid": "812\n", "/proc/812/comm": "dockerd\n", "/proc/812/cgroup": "0::/system.slice/docker.service\n"}},
		"ours, divided further": {files: map[string]string{"/run/docker.pid": "812\n", "/proc/812/comm": "dockerd\n", "/proc/812/cgroup": "0::/system.slice/docker.service/engine.service\n"}},
		"killed":                {files: map[string]string{"/run/docker.pid": "812"}},
		"number used again":     {files: map[string]string{"/run/docker.pid": "812", "/proc/812/comm": "bash\n", "/proc/812/cgroup": "0::/user.slice/session-1.scope\n"}},
		"no number":             {files: map[string]string{"/run/docker.pid": "what?", "/proc/812/comm": "dockerd\n"}},
		"another unit": {files: map[string]string{"/run/docker.pid": "812", "/proc/812/comm": "dockerd\n", "/proc/812/cgroup": "1:name=systemd:/system.slice/mine.service\n0::/system.slice/mine.service\n"},
			want: state.Rival{Unit: "mine.service", Process: 812}},
		"a shell": {files: map[string]string{"/run/docker.pid": "812", "/proc/812/comm": "dockerd\n", "/proc/812/cgroup": "0::/user.slice/user-0.slice/session-1.scope\n"},
			want: state.Rival{Unit: "session-1.scope", Process: 812}},
		"no unit": {files: map[string]string{"/run/docker.pid": "812", "/proc/812/comm": "dockerd-current\n", "/proc/812/cgroup": "0::/\n"}, want: state.Rival{Process: 812}},
		"snap that runs": {links: map[string]string{"/run/systemd/units/invocation:" + state.SnapService: "0123"},
			want: state.Rival{Unit: state.SnapService}},
		"snap that runs at the next boot": {files: map[string]string{snapUnit: "[Service]\n"},
			links: map[string]string{"/etc/systemd/system/multi-user.target.wants/" + state.SnapService: snapUnit}, want: state.Rival{Unit: state.SnapService}},
		"snap that is switched off": {files: map[string]string{snapUnit: "[Service]\n"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for path, content := range c.files {
				put(t, dir, path, content)
			}
			for path, target := range c.links {
				put(t, dir, path+".beside", "")
				if err := os.Symlink(target, filepath.Join(dir, path)); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := rival(files.New(dir)); err != nil || got != c.want {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func put(t *testing.T, dir, path, content string) {
	t.Helper()
	file := filepath.Join(dir, path)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
