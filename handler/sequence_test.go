package handler

import (
	"os"
	"testing"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
)

func TestFindSequence(t *testing.T) {
	for name, c := range map[string]struct {
		agentSays string
		files     []string // from the oldest to the newest
		want      int
	}{
		"the agent says":          {"7", []string{"9.settings"}, 7},
		"the agent says nought":   {"0", []string{"9.settings"}, 0},
		"no settings":             {"", nil, 0},
		"the newest":              {"", []string{"0.settings", "1.settings"}, 1},
		"backwards":               {"", []string{"12.settings", "3.settings"}, 3},
		"foreign names":           {"", []string{"4.settings", "HandlerState", "ext.5.settings", "x.settings", "06.settings", "-7.settings", "+8.settings", "9.settings~", ".settings", "10.SETTINGS"}, 4},
		"a number out of bounds":  {"", []string{"4.settings", "99999999999999999999.settings", "2147483648.settings"}, 4},
		"a directory of the name": {"", []string{"4.settings", "5.settings/"}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			root := files.New(t.TempDir())
			for i, name := range c.files {
				path := "/config/" + name
				if path[len(path)-1] == '/' {
					must(t, root.MakeDir(path, 0o755))
				} else {
					put(t, root, path, "")
				}
				when := time.Unix(int64(1_700_000_000+i), 0)
				must(t, os.Chtimes(root.Path(path), when, when))
			}
			got, err := findSequence(root, environ(envSequence, c.agentSays), "/config")
			if err != nil || got != c.want {
				t.Errorf("got %d, %v; want %d", got, err, c.want)
			}
		})
	}
}

func TestFindSequenceTakesTheLargerOfOneMoment(t *testing.T) {
	root := files.New(t.TempDir())
	when := time.Unix(1_700_000_000, 0)
	for _, name := range []string{"10", "9", "11", "2"} {
		put(t, root, "/config/"+name+".settings", "")
		must(t, os.Chtimes(root.Path("/config/"+name+".settings"), when, when))
	}
	if got, err := findSequence(root, environ(), "/config"); err != nil || got != 11 {
		t.Errorf("got %d, %v; want 11", got, err)
	}
}

func TestFindSequenceFaults(t *testing.T) {
	root := files.New(t.TempDir())
	put(t, root, "/config/3.settings", "")
	for _, text := range []string{"-1", "abc", " 5", "5 ", "+5", "05", "1.0", "0x1", "2147483648", "None", "\n"} {
		_, err := findSequence(root, environ(envSequence, text), "/config")
		wantFault(t, err, fault.Environment, "ConfigSequenceNumber: is not a sequence number")
	}
	_, err := findSequence(root, environ(envSequence, "1", envExtensionName, "web"), "/config")
	wantFault(t, err, fault.Environment, "ConfigExtensionName: is set, but several configurations")

	_, err = findSequence(root, environ(), "/config/3.settings")
	wantFault(t, err, fault.Environment, "cannot list")
}
