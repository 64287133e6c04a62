package dockerd

// Reloadable tells whether a running daemon takes up a new or changed value of a key on SIGHUP; for
// every other key, and for unknown ones, it has to be restarted.
//
// Source: the reload* methods of moby daemon/reload.go and daemon/reload_unix.go and reloadConfig of
// cmd/dockerd/daemon.go at v20.10.24, v28.5.2 and v2.0.0-beta.24. The dockerd reference lists fewer.
// Engines of 28 and later ignore allow-nondistributable-artifacts altogether.
func Reloadable(key string) bool {
	switch key {
	case "allow-nondistributable-artifacts", "debug", "default-cgroupns-mode", "default-ipc-mode",
		"default-runtime", "default-shm-size", "default-stop-timeout", "insecure-registries", "labels",
		"live-restore", "registry-mirrors", "runtimes", "shutdown-timeout":
		return true
	default:
		return DropReloadable(key)
	}
}

// Judged tells whether Check is as strict about a key as the daemon itself, so that asking the daemon about
// another value of it, which starts its program and takes a tenth of a second, would bring nothing new.
func Judged(key string) bool { return key == "labels" || key == "debug" }

// DropReloadable tells whether a running daemon goes back to its default on SIGHUP when a key is
// gone from the file. Few keys do: the daemon takes up labels or debug only if the file has them
// (IsValueSet), so that a dropped label stays until the daemon is restarted. Source: as Reloadable.
func DropReloadable(key string) bool {
	switch key {
	case "authorization-plugins", "features", "max-concurrent-downloads", "max-concurrent-uploads",
		"max-download-attempts", "network-diagnostic-port", "nri-opts":
		return true
	default:
		return false
	}
}
