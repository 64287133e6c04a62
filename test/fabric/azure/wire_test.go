package azure_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

func newFabric(t *testing.T) *azure.Fabric {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("the fabric encrypts with openssl:", err)
	}
	fabric, err := azure.New(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return fabric
}

// ask sends a request to a handler; headers are names and values in turn.
func ask(t *testing.T, handler http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for pair := range slices.Chunk(headers, 2) {
		request.Header.Set(pair[0], pair[1])
	}
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, request)
	return recorder
}

// goalState is the part of the document that the agent reads.
type goalState struct {
	Incarnation int
	Container   struct {
		ContainerID      string `xml:"ContainerId"`
		RoleInstanceList struct {
			RoleInstance struct {
				Configuration struct {
					ExtensionsConfig, Certificates, HostingEnvironmentConfig, SharedConfig, ConfigName string
				}
			}
		}
	}
}

func poll(t *testing.T, fabric *azure.Fabric) goalState {
	t.Helper()
	var g goalState
	answer := ask(t, fabric.WireServer(), "GET", "/machine/?comp=goalstate", "")
	if err := xml.Unmarshal(answer.Body.Bytes(), &g); err != nil {
		t.Fatalf("%v\n%s", err, answer.Body)
	}
	return g
}

// follow asks for one of the goal state's URIs.
func follow(t *testing.T, fabric *azure.Fabric, uri string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	return ask(t, fabric.WireServer(), "GET", u.RequestURI(), "", headers...)
}

func TestGoalState(t *testing.T) {
	fabric := newFabric(t)
	file := agent.File{Public: json.RawMessage(`{"a<b":"&"}`)}
	fabric.Set(azure.Extension{Name: "A.B", Version: "1.0", Seq: 7, Settings: &file, Level: 2, DependsOn: []string{"C.D"}},
		azure.Extension{Name: "C.D", Version: "2.0", State: azure.Uninstall})
	goal := poll(t, fabric)
	uris := goal.Container.RoleInstanceList.RoleInstance.Configuration
	if goal.Incarnation != 2 || uris.ConfigName == "" || goal.Container.ContainerID == "" {
		t.Errorf("got %+v", goal)
	}
	for _, uri := range []string{uris.HostingEnvironmentConfig, uris.SharedConfig} {
		if answer := follow(t, fabric, uri); answer.Code != http.StatusOK {
			t.Errorf("%s: %d", uri, answer.Code)
		}
	}
	var config struct {
		Plugins []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
		} `xml:"Plugins>Plugin"`
		Settings []struct {
			DependsOn struct {
				Level int `xml:"dependencyLevel,attr"`
				On    []struct {
					Handler string `xml:"handler,attr"`
				} `xml:"DependsOnExtension"`
			} `xml:"DependsOn"`
			Runtime struct {
				Seq  int    `xml:"seqNo,attr"`
				JSON string `xml:",chardata"`
			} `xml:"RuntimeSettings"`
		} `xml:"PluginSettings>Plugin"`
	}
	if err := xml.Unmarshal(follow(t, fabric, uris.ExtensionsConfig).Body.Bytes(), &config); err != nil {
		t.Fatal(err)
	}
	if len(config.Plugins) != 2 || config.Plugins[0].State != "enabled" || config.Plugins[1].State != "uninstall" || len(config.Settings) != 1 {
		t.Fatalf("got %+v", config)
	}
	settings := config.Settings[0]
	if settings.DependsOn.Level != 2 || len(settings.DependsOn.On) != 1 || settings.Runtime.Seq != 7 || !strings.Contains(settings.Runtime.JSON, `"a<b": "&"`) {
		t.Errorf("got %+v", settings)
	}

	fabric.Next()
	if answer := follow(t, fabric, uris.ExtensionsConfig); answer.Code != http.StatusGone {
		t.Errorf("the configuration of an incarnation that has passed: %d", answer.Code)
	}
	if now := poll(t, fabric); now.Incarnation != 3 || len(fabric.Extensions()) != 2 {
		t.Errorf("after the next incarnation: %+v", now)
	}
}

// transport makes what the agent makes at its first start.
func transport(t *testing.T) (certificate []byte, files string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "LinuxTransport"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), SubjectKeyId: []byte{1, 2, 3}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write(t, filepath.Join(folder, "crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	write(t, filepath.Join(folder, "prv"), pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	return der, folder
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The agent makes an S/MIME message of the answer and has openssl open it (cryptutil.py, decrypt_p7m).
func TestCertificatesAreForTheAgentAlone(t *testing.T) {
	fabric := newFabric(t)
	der, folder := transport(t)
	uri := poll(t, fabric).Container.RoleInstanceList.RoleInstance.Configuration.Certificates
	for cipher, code := range map[string]int{"DES_EDE3_CBC": 200, "AES128_CBC": 200, "ROT13": 400, "": 400} {
		answer := follow(t, fabric, uri, "x-ms-cipher-name", cipher, "x-ms-guest-agent-public-x509-cert", base64.StdEncoding.EncodeToString(der))
		if answer.Code != code {
			t.Errorf("cipher %q: %d, want %d: %s", cipher, answer.Code, code, answer.Body)
		}
		if code != http.StatusOK {
			continue
		}
		var file struct{ Data string }
		if err := xml.Unmarshal(answer.Body.Bytes(), &file); err != nil {
			t.Fatal(err)
		}
		message := "MIME-Version:1.0\nContent-Disposition: attachment; filename=\"a\"\nContent-Type: application/x-pkcs7-mime; name=\"a\"\n" +
			"Content-Transfer-Encoding: base64\n\n" + file.Data
		write(t, filepath.Join(folder, "p7m"), []byte(message))
		open := exec.CommandContext(t.Context(), "sh", "-c",
			"openssl cms -decrypt -in p7m -inkey prv -recip crt | openssl pkcs12 -nodes -password pass:")
		open.Dir = folder
		text, err := open.Output()
		if err != nil {
			t.Fatalf("cipher %q: %v", cipher, err)
		}
		wantTenant(t, fabric, text)
	}
	if seen := fabric.Seen().Ciphers; len(seen) != 4 {
		t.Errorf("the fabric has seen %q", seen)
	}
}

func wantTenant(t *testing.T, fabric *azure.Fabric, text []byte) {
	t.Helper()
	if !bytes.Contains(text, []byte("BEGIN PRIVATE KEY")) {
		t.Error("there is no key")
	}
	at := bytes.Index(text, []byte("-----BEGIN CERTIFICATE"))
	block, _ := pem.Decode(text[max(at, 0):])
	if block == nil || fmt.Sprintf("%X", sha1.Sum(block.Bytes)) != fabric.Tenant().Thumbprint {
		t.Errorf("the certificate is not the tenant's:\n%s", text)
	}
}

func TestPackages(t *testing.T) {
	fabric := newFabric(t)
	content := bytes.Repeat([]byte("0123456789"), 100)
	fabric.Publish("A.B", agent.Package{Version: "1.0.0", Zip: content})
	manifest := ask(t, fabric.WireServer(), "GET", "/manifest/A.B.xml", "").Body.String()
	if !strings.Contains(manifest, "<Version>1.0.0</Version>") {
		t.Errorf("the manifest is %s", manifest)
	}
	for _, c := range []struct {
		fault      string
		code, size int
	}{
		{"", 200, 1000}, {azure.NotFound, 404, -1}, {azure.Broken, 500, -1}, {azure.Truncated, 200, 500}, {azure.Slow, 200, 1000},
	} {
		fabric.SetFaults(azure.Faults{Package: c.fault})
		for way, answer := range map[string]*httptest.ResponseRecorder{
			"directly":         ask(t, fabric.WireServer(), "GET", "/package/A.B/1.0.0.zip", ""),
			"through the host": ask(t, fabric.HostPlugin(), "GET", "/extensionArtifact", "", "x-ms-artifact-location", "http://168.63.129.16/package/A.B/1.0.0.zip"),
		} {
			if answer.Code != c.code || c.size >= 0 && answer.Body.Len() != c.size {
				t.Errorf("fault %q, %s: %d, %d bytes", c.fault, way, answer.Code, answer.Body.Len())
			}
		}
	}
	if answer := ask(t, fabric.WireServer(), "GET", "/package/A.B/2.0.0.zip", ""); answer.Code != http.StatusNotFound {
		t.Errorf("a version that is not published: %d", answer.Code)
	}
}

func TestMetadataWantsItsHeader(t *testing.T) {
	fabric := newFabric(t)
	const target = "/metadata/instance/compute?api-version=2018-02-01"
	if answer := ask(t, fabric.Metadata(), "GET", target, ""); answer.Code != http.StatusBadRequest {
		t.Errorf("without the header: %d", answer.Code)
	}
	if answer := ask(t, fabric.Metadata(), "GET", target, "", "Metadata", "true"); answer.Code != http.StatusOK || !json.Valid(answer.Body.Bytes()) {
		t.Errorf("with the header: %d %s", answer.Code, answer.Body)
	}
}
