package azure

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"docker-extension/test/harness/agent"
)

const opensslTimeout = 20 * time.Second

// exportPFX packs certificate and key of the tenant as PKCS #12 without a password, as Azure does.
func exportPFX(ctx context.Context, tenant *agent.Tenant) ([]byte, error) {
	return openssl(ctx, map[string][]byte{"t.crt": tenant.Certificate, "t.key": tenant.Key}, nil,
		"pkcs12", "-export", "-in", "t.crt", "-inkey", "t.key", "-passout", "pass:")
}

// ciphers maps what the agent asks for in x-ms-cipher-name to openssl's name.
func ciphers(name string) (string, bool) {
	option, known := map[string]string{"DES_EDE3_CBC": "-des3", "AES128_CBC": "-aes128"}[name]
	return option, known
}

// certificates answers with the tenant's certificate and key, encrypted to the transport certificate
// in the request and with the cipher that it names.
func (f *Fabric) certificates(w http.ResponseWriter, r *http.Request) {
	name := r.Header.Get("x-ms-cipher-name")
	f.mu.Lock()
	f.seen.Ciphers = append(f.seen.Ciphers, name)
	f.mu.Unlock()
	option, known := ciphers(name)
	if !known {
		http.Error(w, "unknown x-ms-cipher-name "+name, http.StatusBadRequest)
		return
	}
	der, err := base64.StdEncoding.DecodeString(r.Header.Get("x-ms-guest-agent-public-x509-cert"))
	if err != nil {
		http.Error(w, "x-ms-guest-agent-public-x509-cert: "+err.Error(), http.StatusBadRequest)
		return
	}
	blob, err := f.enveloped(r.Context(), der, option)
	if err != nil {
		f.logf("cannot encrypt the certificates: %v", err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeXML(w, certificateFile{
		Version: wireVersion, Incarnation: "1", Format: "Pkcs7BlobWithPfxContents",
		Data: wrapped(base64.StdEncoding.EncodeToString(blob)),
	})
}

// enveloped gives the PFX as CMS EnvelopedData for a certificate, DER.
func (f *Fabric) enveloped(ctx context.Context, certificate []byte, cipher string) ([]byte, error) {
	transport := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	return openssl(ctx, map[string][]byte{"transport.pem": transport}, f.pfx,
		"cms", "-encrypt", "-binary", "-outform", "DER", cipher, "-keyid", "-recip", "transport.pem")
}

// wrapped breaks base64 into lines: the agent makes an S/MIME message of it, and openssl reads no
// line that is too long.
func wrapped(text string) string {
	const width = 64
	var lines bytes.Buffer
	for len(text) > width {
		lines.WriteString(text[:width] + "\n")
		text = text[width:]
	}
	return lines.String() + text
}

// openssl runs the program in a folder with these files and gives its output.
func openssl(ctx context.Context, files map[string][]byte, stdin []byte, arguments ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, opensslTimeout)
	defer cancel()
	folder, err := os.MkdirTemp("", "fabric-openssl-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			return nil, err
		}
	}
	var output, complaint bytes.Buffer
	command := exec.CommandContext(ctx, "openssl", arguments...)
	command.Dir, command.Stdin, command.Stdout, command.Stderr = folder, bytes.NewReader(stdin), &output, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("cannot run openssl %s: %w: %s", arguments[0], err, complaint.String())
	}
	return output.Bytes(), nil
}

func (f *Fabric) logf(format string, args ...any) { fmt.Fprintf(f.log, format+"\n", args...) }
