package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"
)

// notRun stands for the exit code of a command that was not needed.
const notRun = "NOT_RUN"

// Goal is what the fabric wants of the extension: a version, enabled, with these settings.
type Goal struct {
	Package Package
	// Seq is the sequence number of the settings.
	Seq int
	// Settings is the content of the settings file; nil means that there are none, which the agent
	// shows as an empty 0.settings.
	Settings []byte
}

// Apply brings the machine to goal as the agent does: install if needed, or update from another
// version, then enable. A failure is an *OperationError and is in the handler's status too.
func (a *Agent) Apply(ctx context.Context, goal Goal) error {
	if goal.Settings == nil {
		goal.Seq = 0
	}
	h := a.handler(goal.Package.Version)
	return a.report(h, a.enable(ctx, h, goal))
}

// report writes the handler's status for a failure.
func (a *Agent) report(h Handler, err error) error {
	var failed *OperationError
	if errors.As(err, &failed) {
		return errors.Join(err, h.setStatus("NotReady", failed.Code, failed.Message))
	}
	return err
}

func (a *Agent) enable(ctx context.Context, h Handler, goal Goal) error {
	uninstallCode := notRun
	var err error
	switch h.State() {
	case Installed, Enabled:
		err = h.writeSettings(goal)
	default:
		uninstallCode, err = a.bring(ctx, h, goal)
	}
	if err != nil {
		return err
	}
	if _, err := a.Run(ctx, h, "enable", goal.Seq, uninstallVar(uninstallCode)); err != nil {
		return err
	}
	return errors.Join(h.setState(Enabled), h.setStatus("Ready", CodeOK, "Plugin enabled"))
}

func uninstallVar(code string) string { return "AZURE_GUEST_AGENT_UNINSTALL_CMD_EXIT_CODE=" + code }

// bring unzips a version that is not installed and installs it or updates to it. It gives the exit
// code of the old version's uninstall.
func (a *Agent) bring(ctx context.Context, h Handler, goal Goal) (string, error) {
	if err := a.unzip(h, goal.Package); err != nil {
		return "", err
	}
	if err := h.writeSettings(goal); err != nil {
		return "", err
	}
	manifest, err := h.manifest()
	if err != nil {
		return "", &OperationError{Code: CodeUnknown, Message: err.Error()}
	}
	uninstallCode := notRun
	old, isUpdate := a.working(h.version)
	if isUpdate {
		if uninstallCode, err = a.replace(ctx, old, h, goal, manifest); err != nil {
			return "", err
		}
	}
	if !isUpdate || manifest.installs() {
		if _, err := a.Run(ctx, h, "install", goal.Seq, uninstallVar(uninstallCode)); err != nil {
			return "", err
		}
	}
	return uninstallCode, h.setState(Installed)
}

// unzip lays the package down. When a file cannot be written the agent removes the whole folder.
func (a *Agent) unzip(h Handler, pkg Package) error {
	if err := h.setState(NotInstalled); err != nil {
		return err
	}
	archive := h.archive()
	if len(pkg.Zip) == 0 {
		return &OperationError{Code: CodeDownload, Message: "no package is given for version " + h.version}
	}
	if err := a.files.write(archive, 0o600, pkg.Zip); err != nil {
		return err
	}
	err := extract(a.files, pkg.Zip, h.Dir())
	if err == nil {
		err = h.lay()
	}
	if err != nil {
		message := fmt.Sprintf("[ExtensionDownloadError] %s", err)
		return errors.Join(&OperationError{Code: CodeDownload, Message: message}, a.files.remove(h.Dir()))
	}
	return nil
}

// archive is where the agent keeps the downloaded zip.
func (h Handler) archive() string { return path.Join(LibDir, h.name+"__"+h.version+".zip") }

func (h Handler) writeSettings(goal Goal) error {
	return h.files.write(h.config(strconv.Itoa(goal.Seq)+".settings"), 0o644, goal.Settings)
}

// replace plays the update from old to h up to the removal of old, and gives the exit code of old's
// uninstall. A downgrade runs the old version's update command.
func (a *Agent) replace(ctx context.Context, old, h Handler, goal Goal, m manifest) (string, error) {
	disableCode, err := a.retire(ctx, old, goal.Seq, m)
	if err != nil {
		return "", err
	}
	if err := carry(old, h); err != nil {
		return "", err
	}
	if err := a.update(ctx, old, h, goal.Seq, disableCode); err != nil {
		return "", err
	}
	call, err := a.Run(ctx, old, "uninstall", goal.Seq)
	code, err := tolerate(call, err, m)
	if err != nil {
		return "", err
	}
	return code, a.drop(old)
}

// retire disables the old version if it is enabled. Without that the exit code that update is told
// is "None" (Python's word for a missing value).
func (a *Agent) retire(ctx context.Context, old Handler, seq int, m manifest) (string, error) {
	if old.State() != Enabled {
		return "None", nil
	}
	call, err := a.Run(ctx, old, "disable", seq)
	if err == nil {
		err = errors.Join(old.setState(Installed), old.setStatus("NotReady", CodeOK, "Plugin disabled"))
	}
	return tolerate(call, err, m)
}

// tolerate gives the exit code of a command of the old version. Its failure stops the update unless
// the new version's manifest says otherwise.
func tolerate(call Call, err error, m manifest) (string, error) {
	var failed *OperationError
	if errors.As(err, &failed) && m.ContinueOnFailure {
		return strconv.Itoa(call.ExitCode), nil
	}
	if errors.As(err, &failed) {
		message := fmt.Sprintf("[ExtensionUpdateError] %s; ContinueOnUpdate: False", failed.Message)
		return "", &OperationError{Code: CodeUpdate, Message: message, Call: call}
	}
	return strconv.Itoa(call.ExitCode), err
}

// update runs the newer version's update command; which of the two it belongs to is marked when it
// fails.
func (a *Agent) update(ctx context.Context, old, h Handler, seq int, disableCode string) error {
	runner, from := h, old.version
	if compareVersions(h.version, old.version) < 0 {
		runner, from = old, h.version
	}
	_, err := a.Run(ctx, runner, "update", seq,
		"VERSION="+h.version,
		"AZURE_GUEST_AGENT_UPDATING_FROM_VERSION="+from,
		"AZURE_GUEST_AGENT_DISABLE_CMD_EXIT_CODE="+disableCode)
	var failed *OperationError
	if errors.As(err, &failed) {
		return errors.Join(err, runner.setState(FailedUpgrade))
	}
	return err
}

// carry copies what the agent takes from an old version to a new one: the file mrseq and the files
// in status/, with mode and time (exthandlers.py, copy_status_files).
func carry(old, h Handler) error {
	names, err := filepath.Glob(h.files.HostPath(old.status("*")))
	if err != nil {
		return err
	}
	if mrseq := h.files.HostPath(path.Join(old.Dir(), "mrseq")); old.files.exists(path.Join(old.Dir(), "mrseq")) {
		if err := copyFile(mrseq, h.files.HostPath(path.Join(h.Dir(), "mrseq"))); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := copyFile(name, h.files.HostPath(h.status(filepath.Base(name)))); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string) error {
	info, err := os.Lstat(from)
	if err != nil || !info.Mode().IsRegular() {
		return err
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, content, info.Mode().Perm()); err != nil {
		return err
	}
	return errors.Join(os.Chmod(to, info.Mode().Perm()), os.Chtimes(to, time.Time{}, info.ModTime()))
}

// drop removes a version's folder and zip. Files that vanish meanwhile are no trouble.
func (a *Agent) drop(h Handler) error {
	err := errors.Join(a.files.remove(h.Dir()), a.files.remove(h.archive()))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
