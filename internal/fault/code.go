package fault

// Code is the stable number of a kind of trouble. It is at once the exit code of the process and
// the code in the status file, so it stays between 0 and 125: the agent gives 126 a meaning of its
// own (a file system mounted noexec), and shells use what lies above. Numbers are never given a
// second meaning; docs/errors.md lists each with its cause and cure.
type Code int

// The codes, by room.
const (
	OK       Code = 0
	Internal Code = 1 // a fault of this program
	Usage    Code = 2 // the command line is not one of ours

	Environment     Code = 10 // HandlerEnvironment.json or the sequence number cannot be had
	SettingsFile    Code = 11 // the settings file cannot be read or is not what the agent writes
	Decryption      Code = 12 // the protected settings cannot be decrypted
	SettingsInvalid Code = 13 // the settings say something that cannot be done

	HostConfig  Code = 20 // something on the host that we have to respect is broken (daemon.json, our record)
	HostFiles   Code = 21 // a file cannot be read or written
	Busy        Code = 22 // another run, or another program, holds what we need
	Superseded  Code = 23 // newer settings took over before this run was finished
	Converge    Code = 24 // the work unit cannot be started, or ended without a result
	Unsupported Code = 51 // the operating system; the number that publishers of extensions use for it

	PackageInstall Code = 52 // apt or dpkg could not do it; ditto
	EngineStart    Code = 53 // systemd could not start, stop or reload the engine
	EngineSilent   Code = 54 // the engine was started but does not answer
	Account        Code = 55 // a user or group cannot be changed
	NotConverged   Code = 56 // everything was done, and yet the host is not as wanted
	EngineRefuses  Code = 57 // the engine says that it would not start with its configuration file
	PackageSource  Code = 58 // the repository of docker.source, or its key, cannot be used
	PackageVersion Code = 59 // no package has the version that docker.version asks for

	ImagePull Code = 60 // an image of the compose project cannot be had
	Compose   Code = 61 // the compose project cannot be brought up or down, or does not stay up
	Login     Code = 62 // a registry does not take an account
)

// String gives the code's name as the docs list it.
func (c Code) String() string {
	if name, ok := names()[c]; ok {
		return name
	}
	return "unknown"
}

func names() map[Code]string {
	return map[Code]string{
		OK: "ok", Internal: "internal", Usage: "usage",
		Environment: "environment", SettingsFile: "settings-file", Decryption: "decryption",
		SettingsInvalid: "settings-invalid",
		HostConfig:      "host-config", HostFiles: "host-files", Busy: "busy", Superseded: "superseded",
		Converge: "converge", Unsupported: "unsupported-os", PackageInstall: "package-install",
		EngineStart: "engine-start", EngineSilent: "engine-silent", Account: "account",
		NotConverged: "not-converged", EngineRefuses: "engine-refuses",
		ImagePull: "image-pull", Compose: "compose", Login: "registry-login",
		PackageSource: "package-source", PackageVersion: "package-version",
	}
}
