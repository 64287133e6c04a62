package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ask shows the engine's version: with the docker client if the host has one, else over plain HTTPS.
func (d *demo) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	address := net.JoinHostPort(d.vm.Address(), port)
	if client, err := exec.LookPath("docker"); err == nil {
		return d.askWithClient(ctx, client, address)
	}
	fmt.Println("(the host has no docker client: this is GET /version, asked by this program)")
	return d.askOverHTTPS(ctx, address)
}

// askWithClient runs "docker version" from outside the VM.
func (d *demo) askWithClient(ctx context.Context, client, address string) error {
	pem := func(name string) string { return filepath.Join(d.folder, name) }
	command := exec.CommandContext(ctx, client, "--tlsverify", "--tlscacert", pem("ca.pem"), "--tlscert", pem("cert.pem"),
		"--tlskey", pem("key.pem"), "-H", "tcp://"+address, "version")
	// The caller's own configuration and contexts have no part in this.
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.folder, "DOCKER_CONFIG=" + d.folder}
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("cannot get docker version from %s: %w", address, err)
	}
	return nil
}

// version is what is shown of the engine's answer to GET /version.
type version struct {
	Version, APIVersion, MinAPIVersion, GoVersion, GitCommit, BuildTime, Os, Arch, KernelVersion string
}

// askOverHTTPS does what the client does, in its words.
func (d *demo) askOverHTTPS(ctx context.Context, address string) error {
	configuration, err := d.tlsConfig()
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: configuration}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+address+"/version", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("cannot ask the engine at %s: %w", address, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the engine at %s answers %s", address, response.Status)
	}
	var v version
	if err := json.NewDecoder(response.Body).Decode(&v); err != nil {
		return fmt.Errorf("cannot read the engine's answer: %w", err)
	}
	v.print(os.Stdout)
	return nil
}

func (d *demo) tlsConfig() (*tls.Config, error) {
	pair, err := tls.X509KeyPair(d.set.Client.Cert, d.set.Client.Key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(d.set.Authority.Cert) {
		return nil, errors.New("the authority's certificate cannot be read")
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}, nil
}

func (v version) print(out io.Writer) {
	fmt.Fprintln(out, "Server:\n Engine:")
	for _, line := range [][2]string{
		{"Version:", v.Version}, {"API version:", v.APIVersion + " (minimum version " + v.MinAPIVersion + ")"},
		{"Go version:", v.GoVersion}, {"Git commit:", v.GitCommit}, {"Built:", v.BuildTime},
		{"OS/Arch:", v.Os + "/" + v.Arch}, {"Kernel:", v.KernelVersion},
	} {
		fmt.Fprintf(out, "  %-17s %s\n", line[0], line[1])
	}
}
