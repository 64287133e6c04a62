package pki

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/secret"
)

// The files of a set, by the names that Docker's own documentation gives them. cert.pem and key.pem are
// the client's, so that a folder with them is what DOCKER_CERT_PATH wants.
const (
	CAFile         = "ca.pem"
	CAKeyFile      = "ca-key.pem"
	ServerCertFile = "server-cert.pem"
	ServerKeyFile  = "server-key.pem"
	CertFile       = "cert.pem"
	KeyFile        = "key.pem"
	PublicFile     = "public.json"
	ProtectedFile  = "protected.json"
)

// FileNames gives the names of all files of a set, in the order in which they depend on each other.
func FileNames() []string {
	return []string{CAFile, CAKeyFile, ServerCertFile, ServerKeyFile, CertFile, KeyFile, PublicFile, ProtectedFile}
}

var errNoCertificate = errors.New("holds no certificate")

// Files are the contents of a folder's files, by name. All of them are handled as secrets.
type Files map[string]secret.Secret

// Request is what a set is to be like.
type Request struct {
	Names  Names // of the server; empty: those of the server's certificate that is there
	Port   int   // of the remote API, for PublicFile
	Now    time.Time
	CALife time.Duration
	Life   time.Duration // of the server's and the client's certificate
	Renew  bool          // makes new certificates for server and client, from the authority that is there
}

// Complete gives the files of a whole set: those that are there, and new ones for what is missing or is
// to be renewed. Settings that are there keep everything but the certificates.
func Complete(there Files, want Request) (Files, error) {
	m := maker{files: adopt(there), want: want}
	for _, do := range []func() error{m.authority, m.server, m.client, m.settings} {
		if err := do(); err != nil {
			return nil, err
		}
	}
	return m.files, nil
}

// adopt takes over what is there. A folder with one certificate only may have the server's in cert.pem,
// as the 2015 extension's documentation had it.
func adopt(there Files) Files {
	files := maps.Clone(there)
	if files == nil {
		files = Files{}
	}
	if _, named := files[ServerCertFile]; named {
		return files
	}
	if cert, err := ReadCertificate([]byte(files[CertFile].Reveal())); err == nil && ForServer(cert) {
		files[ServerCertFile], files[ServerKeyFile] = files[CertFile], files[KeyFile]
		delete(files, CertFile)
		delete(files, KeyFile)
	}
	return files
}

// maker is one run of Complete.
type maker struct {
	files  Files
	want   Request
	signer *Authority // nil: certificates can be taken, but none can be made
}

func (m *maker) has(names ...string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return m.files[name].Empty() })
}

func (m *maker) put(cert, key string, p Pair) {
	m.files[cert], m.files[key] = secret.New(string(p.Cert)), p.Key
}

// authority reads the authority that is there, or makes one in a folder without certificates.
func (m *maker) authority() error {
	switch {
	case m.has(CAFile, CAKeyFile):
		a, err := ReadAuthority(Pair{[]byte(m.files[CAFile].Reveal()), m.files[CAKeyFile]})
		m.signer = &a
		return err
	case m.has(CAFile) && !m.want.Renew:
		return nil
	case m.want.Renew || m.has(ServerCertFile) || m.has(CertFile):
		missing := CAFile
		if m.has(CAFile) {
			missing = CAKeyFile
		}
		return fault.New(fault.SettingsInvalid, missing, "name the folder that has the authority with --from, or make a new set in a new folder",
			"is not there, and without it no certificate of this authority can be made")
	}
	if len(m.want.Names.List()) == 0 {
		return errNoName()
	}
	a, err := NewAuthority("docker-extension "+m.want.Now.UTC().Format("2006-01-02")+" "+m.want.Names.First(), Span{m.want.Now, m.want.CALife})
	if err != nil {
		return err
	}
	m.signer = &a
	m.put(CAFile, CAKeyFile, a.Pair)
	return nil
}

func errNoName() error {
	return fault.New(fault.Usage, "--host", "name the VM as clients will: --host myvm.westeurope.cloudapp.azure.com, or --ip 10.0.0.4, or both",
		"cannot make a server's certificate without a name")
}

// server takes the server's certificate that is there, or makes one.
func (m *maker) server() error {
	there := m.has(ServerCertFile, ServerKeyFile)
	if there && !m.want.Renew {
		return nil
	}
	if m.signer == nil {
		return fault.New(fault.SettingsInvalid, ServerCertFile, "put the server's certificate and key there as "+ServerCertFile+" and "+ServerKeyFile+", or "+CAKeyFile+", with which they can be made",
			"is not there, nor is %s to make it with", CAKeyFile)
	}
	names := m.want.Names
	if cert, err := ReadCertificate([]byte(m.files[ServerCertFile].Reveal())); err == nil && len(names.List()) == 0 {
		names = NamesOf(cert)
	}
	if len(names.List()) == 0 {
		return errNoName()
	}
	pair, err := m.signer.Server(names, Span{m.want.Now, m.want.Life})
	m.put(ServerCertFile, ServerKeyFile, pair)
	return err
}

// client takes the client's certificate that is there, or makes one if that is possible.
func (m *maker) client() error {
	if m.signer == nil || m.has(CertFile, KeyFile) && !m.want.Renew {
		return nil
	}
	pair, err := m.signer.Client("docker client", Span{m.want.Now, m.want.Life})
	m.put(CertFile, KeyFile, pair)
	return err
}

// settings writes the two files that are deployed.
func (m *maker) settings() error {
	public := map[string]any{"docker": map[string]any{"port": m.want.Port}}
	if !m.has(PublicFile) {
		text, err := indented(public)
		if err != nil {
			return err
		}
		m.files[PublicFile] = secret.New(text)
	}
	protected := map[string]any{}
	if m.has(ProtectedFile) {
		if json.Unmarshal([]byte(m.files[ProtectedFile].Reveal()), &protected) != nil || protected == nil {
			return fault.New(fault.SettingsInvalid, ProtectedFile, "mend it, or move it away", "is not a JSON object")
		}
	}
	protected["certs"] = map[string]string{
		"ca":   m.files[CAFile].Reveal(),
		"cert": m.files[ServerCertFile].Reveal(),
		"key":  m.files[ServerKeyFile].Reveal(),
	}
	text, err := indented(protected)
	m.files[ProtectedFile] = secret.New(text)
	return err
}

func indented(v any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return "", fault.New(fault.Internal, "", "report this", "cannot write settings: %w", err)
	}
	return strings.TrimRight(text.String(), "\n") + "\n", nil
}
