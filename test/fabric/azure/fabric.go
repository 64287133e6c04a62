package azure

import (
	"context"
	"io"
	"sync"

	"docker-extension/test/harness/agent"
)

// Fabric is the fabric of one VM. Its methods may be used by several goroutines.
type Fabric struct {
	tenant *agent.Tenant
	pfx    []byte
	log    io.Writer

	mu       sync.Mutex // guards what follows
	fabric   goal       // what the WireServer says
	fast     goal       // what came over the FastTrack channel last; its zero value is nothing
	offered  bool       // the HostGAPlugin knows vmSettings
	packages map[string]map[string][]byte
	faults   Faults
	seen     Seen

	uploads uploads
}

// Seen counts what the agent has asked and sent so far.
type Seen struct {
	// Requests counts by "METHOD path", without queries.
	Requests map[string]int
	// Ciphers are the names in the certificate requests, in order.
	Ciphers []string
	// Telemetry is all that was posted as events, one after the other.
	Telemetry []byte
}

// New gives a fabric with a tenant certificate of its own and an empty goal state. Log gets a line
// for everything out of the ordinary; nil means silence.
func New(ctx context.Context, log io.Writer) (*Fabric, error) {
	tenant, err := agent.NewTenant()
	if err != nil {
		return nil, err
	}
	pfx, err := exportPFX(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if log == nil {
		log = io.Discard
	}
	return &Fabric{
		tenant: tenant, pfx: pfx, log: log,
		fabric:   goal{number: 1, created: now()},
		packages: map[string]map[string][]byte{},
		seen:     Seen{Requests: map[string]int{}},
		uploads:  uploads{more: make(chan struct{})},
	}, nil
}

// Tenant gives the certificate with which protected settings are encrypted.
func (f *Fabric) Tenant() *agent.Tenant { return f.tenant }

// Publish makes a version of an extension available for download.
func (f *Fabric) Publish(name string, pkg agent.Package) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.packages[name] == nil {
		f.packages[name] = map[string][]byte{}
	}
	f.packages[name][pkg.Version] = pkg.Zip
}

// Seen gives a copy of what was counted so far.
func (f *Fabric) Seen() Seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	copied := Seen{Requests: map[string]int{}}
	for request, count := range f.seen.Requests {
		copied.Requests[request] = count
	}
	copied.Ciphers = append(copied.Ciphers, f.seen.Ciphers...)
	copied.Telemetry = append(copied.Telemetry, f.seen.Telemetry...)
	return copied
}
