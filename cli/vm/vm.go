// Package vm has the commands that a person runs on the VM: what is in force, what would change, what was
// done, and what to send along with a bug report. They look and write nothing there.
package vm

import (
	"context"
	"errors"
	"os"

	"github.com/spf13/cobra"

	"docker-extension/cli/person"
	"docker-extension/enable"
	"docker-extension/handler"
	"docker-extension/internal/bundle"
	"docker-extension/internal/cms"
	"docker-extension/internal/engine"
	"docker-extension/internal/fault"
	"docker-extension/internal/host/openssl"
	"docker-extension/internal/oplog"
	"docker-extension/internal/preview"
)

// Commands gives the commands.
func Commands(p *person.Person) []*cobra.Command {
	return []*cobra.Command{planCommand(p), statusCommand(p), logsCommand(p), diagnoseCommand(p)}
}

// looker looks at one VM.
type looker struct {
	*person.Person
	handler string // the handler's folder; "" to look for it

	strangers bool // will read the answer, and not only root on this VM
}

// hide gives what takes out of a text what the reader of an answer is not to see.
func (l looker) hide(secrets *oplog.Redactor) preview.Hide {
	return func(path, text string) string {
		text = secrets.Redact(text)
		if l.strangers && path == engine.ComposeFile && text != "" {
			text = bundle.Public([]byte(text))
		}
		if l.strangers {
			text = bundle.Scrub(text)
		}
		return text
	}
}

func (l looker) enable() enable.Enable {
	return enable.Enable{Root: l.Root, Executable: l.Root.Below(l.Executable), Now: l.Now}
}

// deployed gives the call that the agent has made ready.
func (l looker) deployed() (*handler.Call, error) {
	return handler.Deployed(l.Root, l.handler, l.Root.Below(l.Executable))
}

// source is where settings come from.
type source struct {
	order    enable.Order
	secrets  *oplog.Redactor
	sequence *int // nil if the settings came as files
}

// inForce gives the newest settings that the agent has put on this VM, decrypted.
func (l looker) inForce(ctx context.Context) (source, error) {
	call, err := l.deployed()
	if err != nil {
		var f *fault.Fault
		if errors.As(err, &f) {
			err = fault.New(f.Code, f.Place, f.Hint+", or give the settings as files", "%w", f.Err)
		}
		return source{}, err
	}
	order, err := l.enable().Order(ctx, call)
	return source{order: order, secrets: call.Secrets, sequence: &call.Sequence}, err
}

// given gives settings from files that a person names.
func (l looker) given(files []string) (source, error) {
	s := source{secrets: &oplog.Redactor{}}
	for i, name := range files {
		content, err := l.ReadSettings(name)
		if err != nil {
			return source{}, err
		}
		if i == 0 {
			s.order.Public = content
		} else {
			s.order.Protected = content
		}
	}
	return s, nil
}

// fromAgent gives settings from a file as the agent writes it, N.settings.
func (l looker) fromAgent(ctx context.Context, name string) (source, error) {
	content, err := l.Read(name)
	if err != nil {
		return source{}, err
	}
	envelope, err := handler.ParseEnvelope(content)
	if err != nil {
		return source{}, err
	}
	s := source{order: enable.Order{Public: envelope.Public}, secrets: &oplog.Redactor{}}
	store := cms.Store{Dir: agentFolder, Files: os.DirFS(l.Root.Path(agentFolder))}
	s.order.Protected, err = cms.Open(ctx, store, envelope.Protected, envelope.Thumbprint, openssl.Command{})
	return s, err
}

// agentFolder holds the agent's certificates.
const agentFolder = "/var/lib/waagent"

// mayLook explains what cannot be seen without root, before the first file says it less well.
func (l looker) mayLook() error {
	if l.Root.Path("/") == "/" && os.Geteuid() != 0 {
		return fault.New(fault.HostFiles, agentFolder, "run it with sudo", "cannot look at this VM: only root may read what the extension keeps")
	}
	return nil
}
