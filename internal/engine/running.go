package engine

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"docker-extension/internal/dockerd"
	"docker-extension/internal/fault"
	"docker-extension/internal/registry"
	"docker-extension/internal/settings"
	"docker-extension/internal/state"
)

// Running gives the goal of enable: the engine runs as the settings say. The faults in its error
// are those that only a look at the host can find.
func Running(s settings.Settings, facts state.Facts) (state.Goal, error) {
	s = effective(s)
	p, err := partsOf(s, facts)
	if err != nil {
		return state.Goal{}, err
	}
	files := p.files(s, facts)
	goal := state.Goal{
		Owned:    slices.Sorted(maps.Keys(files)),
		Late:     []string{registry.File},
		Daemon:   p.daemon.Owned,
		Found:    p.daemon.Found,
		Earlier:  p.daemon.Earlier,
		Entries:  p.logins.entries,
		Boot:     facts.Boot,
		Endpoint: endpoint(s),
		Check:    check(files[DaemonJSON], facts),
		Proxy:    s.Docker.Proxy,
		Notes:    slices.Concat(notes(s, facts), p.from.notes, mergeNotes(p.daemon), leaveNotes(files[DaemonJSON], facts), p.logins.notes),
		Have:     have(facts),
	}
	maps.Copy(files, p.logins.returned)
	returnUnwanted(files, facts.Ledger)
	forgetDropped(goal.Have, files[DaemonJSON], facts)
	goal.Want = state.State{
		Files:    files,
		Source:   p.from.source,
		Members:  p.members,
		Units:    runningUnits(files, facts),
		Projects: wantedProjects(s, facts, files[ComposeFile]),
		Accounts: p.logins.wanted,
	}
	goal.Have.Projects = haveProjects(facts, goal.Want)
	if err := wantPackages(&goal, s, p.from, facts); err != nil {
		return state.Goal{}, err
	}
	goal.Have.Source = knownSource(p.from.source, facts, goal.Want.Choice != goal.Have.Choice)
	return goal, part(&goal, facts)
}

// parts are what the goal of enable is put together from.
type parts struct {
	daemon  dockerd.Merged
	logins  logins
	members map[state.Member]bool
	from    supply
}

// partsOf works out the parts, each of which may find that this host does not go together with the
// settings.
func partsOf(s settings.Settings, facts state.Facts) (p parts, err error) {
	if err = CheckHost(facts.OS); err != nil {
		return parts{}, err
	}
	if p.daemon, err = dockerd.Merge(present(facts), memory(facts.Ledger), daemonKeys(s, facts)); err != nil {
		return parts{}, err
	}
	if p.logins, err = loginsOf(s, facts); err != nil {
		return parts{}, err
	}
	if p.members, err = wantedMembers(s, facts); err != nil {
		return parts{}, err
	}
	if err = checkRival(facts.Rival); err != nil {
		return parts{}, err
	}
	if err = checkUnits(facts); err != nil {
		return parts{}, err
	}
	p.from, err = supplyOf(s, facts)
	return p, err
}

// files gives the files that are to be ours.
func (p parts) files(s settings.Settings, facts state.Facts) map[string]state.File {
	files := map[string]state.File{DaemonJSON: daemonFile(p.daemon, facts)}
	maps.Copy(files, certificateFiles(s.Certificates))
	maps.Copy(files, listenerFile(s.Docker))
	maps.Copy(files, proxyFiles(s))
	maps.Copy(files, composeFile(s, facts))
	maps.Copy(files, p.logins.ours)
	keepSource(files, p.from.source, facts)
	return files
}

// effective takes out of the settings what installonly, a key of 2014, says to leave alone: the
// engine is installed and runs, and its configuration is the administrator's own.
func effective(s settings.Settings) settings.Settings {
	if s.InstallOnly {
		s.Docker.Port, s.Docker.Hosts, s.Docker.Daemon, s.Certificates = 0, nil, nil, nil
		s.Compose, s.Logins = nil, nil
	}
	return s
}

// forgetDropped makes the engine's start unknown where a key is to vanish from daemon.json, or to become
// empty, that the engine would keep in force at a reload: only a restart makes it forget.
func forgetDropped(have state.State, wanted state.File, facts state.Facts) {
	before, after := daemonJSON(present(facts)), daemonJSON(wanted.Content)
	for key, value := range before {
		dropped := !dockerd.Unset(value) && dockerd.Unset(after[key])
		if dropped && dockerd.Reloadable(key) && !dockerd.DropReloadable(key) {
			service := have.Units[Service]
			service.Started = ""
			have.Units[Service] = service
			return
		}
	}
}

func present(facts state.Facts) []byte { return facts.Files[DaemonJSON].Content }

// daemonKeys gives the keys of daemon.json that the settings ask for, and our defaults. A default
// never overrides what a person wrote into the file.
func daemonKeys(s settings.Settings, facts state.Facts) map[string]json.RawMessage {
	keys := map[string]json.RawMessage{}
	if !s.InstallOnly && !facts.Swarm && !foreignKey(facts, "live-restore") {
		// Containers outlive a restart of the engine. A swarm does not allow it:
		// https://docs.docker.com/engine/daemon/live-restore/
		keys["live-restore"] = json.RawMessage("true")
	}
	maps.Copy(keys, s.Docker.Daemon)
	if endpoint(s).TLS {
		keys["tlsverify"] = json.RawMessage("true")
		keys["tlscacert"] = quoted(CAFile)
		keys["tlscert"] = quoted(CertFile)
		keys["tlskey"] = quoted(KeyFile)
	}
	return keys
}

// leaveNotes says what becomes of containers where live-restore, which is ours, leaves daemon.json: because of
// installonly, or because the host has joined a swarm. Only a restart makes the engine forget it, and an
// engine that starts without it takes no running container over (restore in moby's daemon/daemon.go).
func leaveNotes(wanted state.File, facts state.Facts) []string {
	const key = "live-restore"
	_, stays := daemonJSON(wanted.Content)[key]
	if stays || !facts.Units[Service].Active || foreignKey(facts, key) || string(daemonJSON(present(facts))[key]) != "true" {
		return nil
	}
	return []string{"the engine restarts without live-restore, which the extension had set: all containers stop, and those with a restart policy start again"}
}

// foreignKey tells whether a key of daemon.json is there and not ours.
func foreignKey(facts state.Facts, key string) bool {
	_, there := daemonJSON(present(facts))[key]
	_, ours := facts.Ledger.Daemon[key]
	_, pending := facts.Ledger.Pending[key]
	return there && !ours && !pending
}

func quoted(path string) json.RawMessage { return json.RawMessage(`"` + path + `"`) }

// daemonFile gives daemon.json after the merge. Where that means the same as the file which was there
// before us, it is that file's own bytes. An empty one is not left behind where there was none.
func daemonFile(merged dockerd.Merged, facts state.Facts) state.File {
	before := facts.Files[DaemonJSON]
	found, ours := facts.Ledger.Files[DaemonJSON]
	existed := before.Exists && (found.Existed || !ours)
	if merged.Empty && !existed {
		return state.File{}
	}
	file := state.File{Exists: true, Mode: before.Mode, Content: merged.Content}
	if !before.Exists {
		file.Mode = 0o644
	}
	if found.Existed && dockerd.Same(file.Content, found.Content) {
		file.Content = found.Content
	}
	return file
}

func certificateFiles(c *settings.Certificates) map[string]state.File {
	if c == nil {
		return nil
	}
	return map[string]state.File{
		CAFile:   {Exists: true, Mode: 0o644, Content: c.CA},
		CertFile: {Exists: true, Mode: 0o644, Content: c.Cert},
		KeyFile:  {Exists: true, Mode: 0o600, Content: []byte(c.Key.Reveal())},
	}
}

// listenerFile gives the drop-in by which systemd hands the engine TCP sockets beside the unix one.
// The engine cannot tell that these are TCP sockets and would serve them without TLS, too: nobody
// but endpoint decides whether they may exist.
func listenerFile(d settings.Docker) map[string]state.File {
	addresses := d.Listeners()
	if len(addresses) == 0 {
		return nil
	}
	key := "docker.port"
	if len(d.Hosts) > 0 {
		key = "docker.options"
	}
	content := "# Written by the Docker VM extension from " + key + " in its settings; changes here are overwritten.\n[Socket]\n"
	if slices.ContainsFunc(addresses, ofAnInterface) {
		// At boot the socket is opened before the network has its addresses (systemd.socket(5)).
		content += "FreeBind=yes\n"
	}
	for _, a := range addresses {
		content += "ListenStream=" + a.String() + "\n"
	}
	return map[string]state.File{SocketDropIn: {Exists: true, Mode: 0o644, Content: []byte(content)}}
}

// ofAnInterface tells whether an address is there only when some interface has it.
func ofAnInterface(a netip.AddrPort) bool { return !a.Addr().IsUnspecified() && !a.Addr().IsLoopback() }

// endpoint gives where the engine is to answer. The settings have been checked: an address without
// TLS is there only if they said so in so many words.
func endpoint(s settings.Settings) state.Endpoint {
	addresses := s.Docker.Listeners()
	if len(addresses) == 0 {
		return state.Endpoint{}
	}
	return state.Endpoint{Addresses: addresses, TLS: s.Docker.TLS}
}

// returnUnwanted adds the files that were ours and are no longer wanted, as we found them.
func returnUnwanted(files map[string]state.File, ledger state.Ledger) {
	for p, found := range ledger.Files {
		if _, wanted := files[p]; !wanted {
			files[p] = givenBack(found)
		}
	}
}

// wantedMembers gives who is to be in the group docker, and who only was because of us.
func wantedMembers(s settings.Settings, facts state.Facts) (map[state.Member]bool, error) {
	members := map[state.Member]bool{}
	for _, m := range facts.Ledger.Members {
		members[m] = false
	}
	users := s.Docker.Users
	if !s.Docker.UsersSet && facts.Admin != "" {
		users = []string{facts.Admin}
	}
	var faults fault.List
	for i, user := range users {
		if !facts.Accounts[user] {
			faults = append(faults, fault.New(fault.SettingsInvalid, fmt.Sprintf("publicSettings.docker.users[%d]", i),
				"name an account that exists on this VM, or leave docker.users out", "there is no account %q on this VM", user))
			continue
		}
		members[state.Member{User: user, Group: group}] = true
	}
	return members, faults.AsError()
}

// checkUnits refuses to work against a person who has masked the engine. dpkg masks the units of a
// package that it removes, and takes the mask away when the package comes back.
func checkUnits(facts state.Facts) error {
	if !anyInstalled(facts) {
		return nil
	}
	var masked []string
	for _, u := range []string{Service, Socket} {
		if facts.Units[u].Masked {
			masked = append(masked, u)
		}
	}
	if len(masked) == 0 {
		return nil
	}
	names := strings.Join(masked, " ")
	return fault.New(fault.HostConfig, names, "run `systemctl unmask "+names+"`, or remove the extension from this VM",
		"cannot start the engine: somebody has masked its unit")
}

func anyInstalled(facts state.Facts) bool {
	return slices.ContainsFunc(enginePackages(), func(name string) bool { return facts.Packages[name].Installed })
}

// runningUnits wants the engine to run. Its containerd is started where it is down: the engine answers
// without it, and starts no container.
func runningUnits(files map[string]state.File, facts state.Facts) map[string]state.Unit {
	units := map[string]state.Unit{}
	for name, loaded := range loadedFrom(files) {
		units[name] = state.Unit{Enabled: true, Active: true, Started: loaded.Started, Reloaded: loaded.Reloaded}
	}
	if u := facts.Units[Containerd]; u.Exists && !u.Masked && !u.Active {
		units[Containerd] = state.Unit{Enabled: u.Enabled, Active: true}
	}
	return units
}

// notes gives what the settings and the host deserve to have said about them.
func notes(s settings.Settings, facts state.Facts) []string {
	all := slices.Clone(s.Notes)
	if name, foreign := foreignEngine(facts); foreign {
		all = append(all, fmt.Sprintf("the engine of the package %s, which was here before the extension, is used as it is", name))
	}
	return all
}
