package e2e

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// inventory is what settings decide about a host, by a path or a name: every file in /etc and of ours with
// its mode, owner and content, packages with their holds, units, groups, credentials, containers of projects,
// what listens, what the engine runs with, and what the ledger has.
type inventory map[string]string

// inventoryScript prints the parts that are not files: a line that begins with "== " names what follows.
const inventoryScript = `
echo "== packages"; dpkg-query -W -f '${db:Status-Abbrev} ${Package} ${Version}\n' | grep '^.i'
echo "== held"; apt-mark showhold
echo "== automatic"; apt-mark showauto | grep -E 'docker|containerd|runc' || true
echo "== units"; for unit in docker.service docker.socket containerd.service; do
  echo $unit $(systemctl is-enabled $unit) $(systemctl is-active $unit) $(systemctl show $unit -P NeedDaemonReload -P DropInPaths); done
echo "== units of ours"; systemctl list-units --all --plain --no-legend 'docker-extension*'; ls -R /run/systemd/system | grep -i docker || true
echo "== group"; getent group docker | cut -d: -f4 | tr , '\n' | sort
echo "== listeners"; ss -Hltnp | grep -v '"containerd"' | awk '{print $4}' | sort
echo "== engine"; docker info --format '{{json .Labels}} {{.Debug}} {{.LoggingDriver}} {{.LiveRestoreEnabled}} {{.RegistryConfig.Mirrors}} {{.HTTPProxy}} {{.HTTPSProxy}} {{.NoProxy}}' 2>&1
echo "== environment"; tr '\0' '\n' </proc/$(systemctl show docker.service -P MainPID)/environ | grep -i proxy | sort || true
echo "== containers"; docker ps -aq --filter label=com.docker.compose.project | xargs -r docker inspect --format \
  '{{.Name}} {{.State.Status}} {{.Config.Image}} {{json .Config.Env}} {{index .Config.Labels "color"}} {{index .Config.Labels "com.docker.compose.project"}}' | tr _ - | sort
echo "== networks"; docker network ls --filter label=com.docker.compose.project --format '{{.Name}}' | sort
echo "== folders"; ls -ld /var/lib/docker-extension /etc/docker /etc/docker/compose /root/.docker 2>/dev/null | awk '{print $1, $3, $4, $NF}'; ls -A /var/lib/docker-extension`

// inventory takes one. The engine may have begun to work just now: a container is waited for.
func (l *lab) inventory() inventory {
	l.Helper()
	l.workEnds()
	all := inventory{}
	tree, err := l.vm.Tree(l.ctx(), "/etc", "/root/.docker")
	if err != nil {
		l.Fatal(err)
	}
	for path, line := range tree {
		if !slices.Contains(ownWord(), path) {
			all[path] = line + l.contentOf(path)
		}
	}
	for part := range strings.SplitSeq("\n"+l.sh(inventoryScript), "\n== ") {
		name, text, _ := strings.Cut(part, "\n")
		all[name] = text
	}
	maps.Copy(all, l.plainLedger())
	return all
}

// ownWord lists what is different on each VM: names and addresses, the days on which accounts were made, the
// copies that tools for groups keep, and the identity that engines up to 23 make.
func ownWord() []string {
	return []string{"/etc/hostname", "/etc/hosts", "/etc/machine-id", "/etc/shadow", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/docker/key.json"}
}

// contentOf shows files that the settings decide, so that a difference can be read.
func (l *lab) contentOf(path string) string {
	l.Helper()
	for _, ours := range []string{"/etc/docker/daemon", "/etc/docker/compose/", "/etc/docker/docker-extension", "/etc/systemd/system/docker", "/etc/apt/sources.list.d/", "/root/.docker/"} {
		if strings.HasPrefix(path, ours) {
			content, _ := l.vm.ReadFile(path) // a folder has none
			return "\n" + string(content)
		}
	}
	return ""
}

// plainLedger gives the ledger without what each host has of its own: the random key, what is computed with
// it, and the boot, by its keys. Lists in it are sets.
func (l *lab) plainLedger() map[string]string {
	l.Helper()
	content, err := l.vm.ReadFile("/var/lib/docker-extension/ledger.json")
	if err != nil {
		l.Fatal(err)
	}
	var ledger map[string]any
	if err := json.Unmarshal(content, &ledger); err != nil {
		l.Fatal(err)
	}
	delete(ledger, "key")
	for _, name := range []string{"projects", "entries", "units"} {
		members, _ := ledger[name].(map[string]any)
		for _, member := range members {
			object, _ := member.(map[string]any)
			for _, own := range []string{"digest", "boot", "written", "verified", "started", "reloaded"} {
				delete(object, own)
			}
		}
	}
	for _, name := range []string{"debs", "held", "named"} {
		if list, ok := ledger[name].([]any); ok {
			slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
		}
	}
	all := map[string]string{}
	for name, value := range ledger {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			l.Fatal(err)
		}
		all["ledger: "+name] = string(text)
	}
	return all
}

// without gives an inventory without some entries.
func (i inventory) without(names []string) inventory {
	left := maps.Clone(i)
	maps.DeleteFunc(left, func(name, _ string) bool { return slices.Contains(names, name) })
	return left
}

// wantSame compares a host with what it has to be like.
func (l *lab) wantSame(what string, want, have inventory) {
	l.Helper()
	for _, name := range changed(want, have) {
		l.Errorf("%s: %s is\n%s\nand should be\n%s", what, name, have[name], want[name])
	}
}
