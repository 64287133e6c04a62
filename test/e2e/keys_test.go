package e2e

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"docker-extension/test/bodies"
	"docker-extension/test/harness/agent"
	"docker-extension/test/harness/pki"
	"docker-extension/test/vm"
)

// Every key is set, changed and dropped on one VM, one after the other. After each of these the VM is what a
// fresh one is that never had any other settings, and a container runs on, unless another engine comes.
func TestKeys(t *testing.T) {
	for _, suite := range vm.Suites() {
		t.Run(suite, func(t *testing.T) {
			t.Parallel()
			s := openShop(t, suite)
			s.walk(newLab(t, suite))
		})
	}
}

// shop is a VM that has what the settings of the others name: registries and a repository. It knows what
// fresh VMs are like.
type shop struct {
	*lab
	proxy  *proxy
	blanks map[bodies.Blank]string
	fresh  map[bodies.Body]inventory
}

func openShop(t *testing.T, suite string) *shop {
	t.Helper()
	s := &shop{lab: newLab(t, suite), fresh: map[bodies.Body]inventory{}}
	s.secrets["registry"] = "Geheim." + rand.Text()
	s.stage("shop", func() {
		s.registries(s.secrets["registry"])
		s.serveRepository()
		s.succeed(body(`{}`, ""))
		s.place("/root/password", s.secrets["registry"])
		s.images()
	})
	s.proxy = s.startProxy(`pa%40$s!w%25ord`)
	s.blanks = s.fillings()
	return s
}

// fillings gives what stands in the blanks of the settings.
func (s *shop) fillings() map[bodies.Blank]string {
	s.Helper()
	other, err := pki.NewAuthority("another authority")
	if err != nil {
		s.Fatal(err)
	}
	renewed, err := s.keys.Authority.Server(nil, "vm.example.com")
	if err != nil {
		s.Fatal(err)
	}
	fingerprint, spaced := s.fingerprint("good"), ""
	for i := 0; i+4 <= len(fingerprint); i += 4 {
		spaced += fingerprint[i:i+4] + " "
	}
	return map[bodies.Blank]string{
		bodies.CA: string(s.keys.Authority.Cert), bodies.Cert: string(s.keys.Server.Cert), bodies.CertKey: string(s.keys.Server.Key),
		bodies.BothCAs: string(s.keys.Authority.Cert) + string(other.Cert), bodies.NewCert: string(renewed.Cert), bodies.NewKey: string(renewed.Key),
		bodies.Mirror: "http://" + s.vm.Address() + ":8765", bodies.MirrorToo: "http://registry.test:8765",
		bodies.SignedBy: s.key("good"), bodies.SignedFP: fingerprint, bodies.SpacedFP: strings.TrimSpace(spaced),
		bodies.Proxy: s.proxy.address, bodies.ProxyToo: s.proxy.address + "/",
		bodies.Registry: privateRegistry, bodies.Registry2: "other.test:5443",
		bodies.Robot: registryUser, bodies.Password: s.secrets["registry"], bodies.Robot2: "second", bodies.Password2: s.secrets["registry"],
	}
}

// furnish makes a VM a customer of the shop. It has two accounts, and a daemon.json of a person.
func (s *shop) furnish(l *lab) {
	l.Helper()
	l.provisionAccount()
	l.sh("useradd ada; echo '" + s.vm.Address() + " registry.test other.test' >>/etc/hosts")
	l.place("/etc/docker/daemon.json", fmt.Sprintf(`{"registry-mirrors": ["http://%s:5000"]}`, s.vm.Address()))
	ca := s.sh("cat /etc/docker/certs.d/" + privateRegistry + "/ca.crt")
	for _, name := range []string{privateRegistry, "other.test:5443"} {
		l.place("/etc/docker/certs.d/"+name+"/ca.crt", ca)
	}
}

// freshHost gives what a VM is like that has had only these settings.
func (s *shop) freshHost(b bodies.Body) inventory {
	s.Helper()
	if known, ok := s.fresh[b]; ok {
		return known
	}
	s.Run("fresh", func(t *testing.T) {
		l := newLab(t, s.vm.Suite())
		s.furnish(l)
		l.succeed(body(b.Public, b.Protected))
		s.fresh[b] = l.inventory()
	})
	if s.fresh[b] == nil {
		s.Fatalf("there is no fresh VM with %s", b.Public)
	}
	return s.fresh[b]
}

// walk goes through the rows. The settings before a row are those without its key.
func (s *shop) walk(l *lab) {
	s.furnish(l)
	l.succeed(body(`{}`, ""))
	steady := l.runContainer("steady", "always")
	for _, key := range bodies.Keys() {
		if !chosenKey(key) {
			continue
		}
		l.stage(key.Path, func() {
			for i, b := range []bodies.Body{key.Set, key.Changed, key.Dropped} {
				step := key.Path + " " + []string{"set", "changed", "dropped"}[i]
				before := steady
				if refused := key.Refused != "" && i == 2; refused {
					s.refuse(l, step, key, b)
				} else {
					s.step(l, step, key, b)
				}
				if steady = l.container("steady"); steady != before && !key.Stops {
					l.Errorf("%s: the container has process %s, before %s", step, steady.pid, before.pid)
				}
			}
			if key.Stops { // the next row is not to begin with another engine
				l.succeed(body(`{}`, ""))
				steady = l.container("steady")
			}
		})
	}
	l.succeed(body(`{}`, ""))
	l.container("steady")
}

// step gives settings, and wants what a fresh host has, where that is asked for.
func (s *shop) step(l *lab, step string, key bodies.Key, b bodies.Body) {
	l.Helper()
	filled := b.Fill(s.blanks)
	status := l.enable(body(filled.Public, filled.Protected))
	if status.State != agent.Success {
		l.Errorf("%s: %s", step, show(status))
		return
	}
	if b == key.Set && !strings.Contains(show(status), key.Says) {
		l.Errorf("%s: want %q, got %s", step, key.Says, show(status))
	}
	if compared(key, b) {
		names := dpkgLeftovers(l.vm.Suite())
		for i := range names {
			names[i] = names[i][2:]
		}
		if !key.Stops {
			names = nil
		}
		l.wantSame(step, s.freshHost(filled).without(names), l.inventory().without(names))
	}
}

// refuse gives settings that lack a key that has to be there. What can be judged beforehand changes nothing.
func (s *shop) refuse(l *lab, step string, key bodies.Key, b bodies.Body) {
	l.Helper()
	before := l.inventory()
	filled := b.Fill(s.blanks)
	status := l.enable(body(filled.Public, filled.Protected))
	if status.State != agent.Error || !strings.Contains(status.Message, key.Refused) {
		l.Errorf("%s: want %q, got %s", step, key.Refused, show(status))
	}
	if status.Code == 13 {
		l.wantSame(step, before, l.inventory())
	}
}
