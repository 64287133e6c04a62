package docs

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestShellBlocks parses every shell block and holds each command in it against what is known of its
// program.
func TestShellBlocks(t *testing.T) {
	j := judging(t)
	seen := 0
	for _, p := range read(t) {
		for _, b := range p.blocks {
			if b.info != "sh" {
				continue
			}
			lines, err := commands(b.body)
			if err != nil {
				t.Errorf("%s: the shell says: %v", p.at(b), err)
			}
			for _, l := range lines {
				seen++
				if problem := j.wrong(l); problem != "" {
					t.Errorf("%s: %q: %s", p.at(b), strings.Join(l.words, " "), problem)
				}
			}
		}
	}
	if seen < 40 {
		t.Errorf("found %d commands", seen)
	}
}

// TestCommandsInText does the same with commands in the middle of a sentence: what begins with a program that
// the documents use, and has more words.
func TestCommandsInText(t *testing.T) {
	j := judging(t)
	names := append(slices.Collect(maps.Keys(programs())), "make", "docker-extension", "sudo docker-extension", "az", "go run", "go test")
	ours := regexp.MustCompile(`^(` + strings.Join(names, "|") + `) [^<>\[|]+$`)
	for _, p := range read(t) {
		if p.name == "CHANGELOG.md" {
			continue // it tells of what was
		}
		for _, span := range p.spans {
			if !ours.MatchString(span) || strings.Contains(span, "...") || regexp.MustCompile(`\b[A-Z]{3,}$`).MatchString(span) {
				continue
			}
			lines, err := commands(span)
			if err != nil || len(lines) != 1 {
				t.Errorf("%s: `%s` is no command: %v", p.name, span, err)
				continue
			}
			if l := &lines[0]; len(l.words) == 2 && l.words[0] == "docker-extension" {
				l.words = append(l.words, "--help") // the command as such, without its arguments
			}
			if problem := j.wrong(lines[0]); problem != "" {
				t.Errorf("%s: `%s`: %s", p.name, span, problem)
			}
		}
	}
}

// TestWorkstationCommandsRun runs what the documents tell a person to run on a workstation, page by page in
// an empty folder, and looks whether the files are there that later commands name.
func TestWorkstationCommandsRun(t *testing.T) {
	if testing.Short() {
		t.Skip("links the program: make test does it")
	}
	program := filepath.Join(t.TempDir(), "docker-extension")
	build(t, program)
	ran := 0
	for _, p := range read(t) {
		folder := t.TempDir()
		for _, b := range p.blocks {
			if b.info != "sh" {
				continue
			}
			lines, err := commands(b.body)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				if onWorkstation(l.words) {
					ran++
					run(t, p.at(b), folder, program, l.words[1:])
				}
				missing(t, p.at(b), folder, l.words)
			}
		}
	}
	if ran < 3 {
		t.Errorf("ran %d commands", ran)
	}
}

// onWorkstation tells whether a command is one of ours that needs no VM.
func onWorkstation(words []string) bool {
	return len(words) > 1 && words[0] == "docker-extension" &&
		slices.Contains([]string{"certs", "validate", "schema", "version", "help", "completion"}, words[1])
}

func run(t *testing.T, at, folder, program string, args []string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = folder
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + folder}
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s: docker-extension %s: %v\n%s", at, strings.Join(args, " "), err, output)
	}
}

// missing looks for files in the folder certs that a command names, and that nothing has made.
func missing(t *testing.T, at, folder string, words []string) {
	t.Helper()
	for _, word := range words {
		for _, name := range regexp.MustCompile(`\bcerts/[a-z-]+\.(pem|json)`).FindAllString(word, -1) {
			if !exists(filepath.Join(folder, name)) {
				t.Errorf("%s: nothing has made %s", at, name)
			}
		}
	}
}

func judging(t *testing.T) judge {
	t.Helper()
	j, err := newJudge(root)
	if err != nil {
		t.Fatal(err)
	}
	if !j.targets["check"] || !j.targets["release"] {
		t.Fatalf("the targets are %v", j.targets)
	}
	return j
}

// TestJudge shows that the judge refuses what is wrong.
func TestJudge(t *testing.T) {
	j := judging(t)
	for command, good := range map[string]bool{
		"make check": true, "make chek": false, "make release VERSION=1.2.3": true,
		"docker-extension certs --host a --out b": true, "docker-extension certs --hots a --out b": false,
		"docker-extension cert": false, "docker-extension validate": false, "docker-extension validate a.json b.json": true,
		"sudo docker-extension plan": true, "docker-extension version now": false, "docker-extension help plan": true,
		"sudo /var/lib/docker-extension/bin/docker-extension plam": false, "docker-extension validate --help": true, "docker-extension valid --help": false,
		"az vm extension set --name a": true, "az vm extension sett --name a": false, "az vm extension set --nam a": false,
		"docker --context a ps": true, "docker contxt use": false, "docker ps --al": false, "terraform aply": false,
		"journalctl -u docker.service": true, "journalctl --unit docker.service": false, "cp a b": true, "cp -r a b": false,
		"go test ./internal/engine/": true, "go test ./internal/motor/": false, "deploy/cli/deploy.sh": true, "deploy/deploy.sh": false,
		"curl https://example.com/": true, "curl https://example.com/ | sh": false, "crul https://example.com/": false,
		"sudo env A=b go test ./test/nowhere/": false, "cat <<E": false,
	} {
		lines, err := commands(command)
		problem := ""
		for _, l := range lines {
			if p := j.wrong(l); p != "" {
				problem = p
			}
		}
		if (err == nil && problem == "") != good {
			t.Errorf("%s: %v, %q", command, err, problem)
		}
	}
}
