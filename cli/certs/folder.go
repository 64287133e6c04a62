package certs

import (
	"path/filepath"
	"slices"
	"strings"

	"docker-extension/cli/person"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/files"
	"docker-extension/internal/pki"
	"docker-extension/internal/secret"
	"docker-extension/internal/state"
)

// folder is where certificates are, and where they go.
type folder struct {
	person    *person.Person
	out, from string // as the person named them
	renew     bool

	wrote []string // names of the files that were written
	kept  string   // where replaced files are kept; "" if none was replaced
}

// host is the machine that the person sits at, whatever --root says.
func host() files.Root { return files.New("/") }

func (f *folder) path(name string) string { return filepath.Join(f.person.Path(f.out), name) }

// read gives the files of a set that are there.
func (f *folder) read() (pki.Files, error) {
	there := pki.Files{}
	from := f.person.Path(f.from)
	if f.from != f.out && !host().IsDir(from) {
		return nil, fault.New(fault.HostFiles, f.from, "name a folder that exists", "cannot read: it is not a folder")
	}
	for _, name := range pki.FileNames() {
		file, err := host().ReadFollowing(filepath.Join(from, name))
		if err != nil {
			return nil, err
		}
		if file.Exists {
			there[name] = secret.New(string(file.Content))
		}
	}
	return there, nil
}

// occupied says that a new set finds no room.
func (f *folder) occupied(there pki.Files) error {
	var names []string
	for _, name := range pki.FileNames() {
		if _, ok := there[name]; ok {
			names = append(names, name)
		}
	}
	return fault.New(fault.HostFiles, f.out,
		"name another folder with --out; or add --renew for new certificates from the authority that is there, or --from "+f.out+" to add what is missing",
		"cannot make certificates: %s: there already, and nothing is overwritten", strings.Join(names, ", "))
}

// write writes what is new. Of a file that is replaced, which happens only in a renewal, the old one has
// been kept before.
func (f *folder) write(made pki.Files) error {
	if err := f.makeDir(); err != nil {
		return err
	}
	var fresh, changed []string
	for _, name := range pki.FileNames() {
		content, there := made[name]
		if !there {
			continue
		}
		old, err := host().ReadFollowing(f.path(name))
		switch {
		case err != nil:
			return err
		case !old.Exists:
			fresh = append(fresh, name)
		case string(old.Content) != content.Reveal():
			changed = append(changed, name)
		}
	}
	if len(changed) > 0 && (!f.renew || f.from != f.out) {
		return fault.New(fault.HostFiles, f.out, "name another folder with --out",
			"cannot write %s: there is another one already, and nothing is overwritten", strings.Join(changed, ", "))
	}
	return f.put(made, fresh, changed)
}

// makeDir makes the folder for its owner alone; one that is there stays as it is.
func (f *folder) makeDir() error {
	if dir := f.person.Path(f.out); !host().IsDir(dir) {
		return host().MakeDir(dir, 0o700)
	}
	return nil
}

// put writes files, and takes those back that it has made if one cannot be written.
func (f *folder) put(made pki.Files, fresh, changed []string) error {
	if err := f.keep(changed); err != nil {
		return err
	}
	for _, name := range pki.FileNames() {
		file := state.File{Exists: true, Mode: 0o600, Content: []byte(made[name].Reveal())}
		if strings.HasSuffix(name, "cert.pem") || name == pki.CAFile {
			file.Mode = 0o644
		}
		var err error
		switch {
		case slices.Contains(fresh, name):
			err = host().Create(f.path(name), file)
		case slices.Contains(changed, name):
			err = host().Replace(f.path(name), file)
		default:
			continue
		}
		if err != nil {
			f.takeBack(fresh)
			return err
		}
		f.wrote = append(f.wrote, name)
	}
	return nil
}

// keep gives what is about to be replaced a second name, in a folder with the time in its name.
func (f *folder) keep(names []string) error {
	if len(names) == 0 {
		return nil
	}
	f.kept = "before-" + f.person.Now().UTC().Format("20060102T150405Z")
	if err := host().MakeNewDir(f.path(f.kept)); err != nil {
		return err
	}
	for _, name := range names {
		if err := host().Keep(f.path(name), filepath.Join(f.path(f.kept), name)); err != nil {
			return err
		}
	}
	return nil
}

// takeBack removes the files that this run has made, so that the next one does not find half a set.
func (f *folder) takeBack(fresh []string) {
	for _, name := range f.wrote {
		if slices.Contains(fresh, name) {
			_ = host().Remove(f.path(name)) // the error that counts is the one that led here
		}
	}
}
