package dockerd

// Kind is the type of a value: how it is written after a flag, and what JSON it is in daemon.json.
type Kind int

// The kinds. The JSON form is the one that the daemon's configuration struct decodes, which is
// stricter than the flag: a size is a string there, and the values of log-opts are strings too.
const (
	Nothing     Kind = iota // the flag has no place in the file
	Bool                    // true or false; the flag alone means true
	Int                     // whole number
	Count                   // whole number, 0 or more
	Text                    // string
	IP                      // string with an IP address
	Size                    // string such as "64M"
	Texts                   // list of strings
	IPs                     // list of strings with IP addresses
	Labels                  // list of "key=value"
	Mirrors                 // list of http or https URLs
	Registries              // list of hosts, each with its port if it has one, and subnets
	Pairs                   // object of strings (log-opts)
	NestedPairs             // object of objects of strings (default-network-opts)
	Switches                // object of true or false (features)
	Ulimits                 // object of {Name, Hard, Soft}
	Runtimes                // object of {path, runtimeArgs, runtimeType, options}
	Pools                   // list of {base, size}
	Interface               // the object of nri-opts
	Proxies                 // the object of proxies; the flag sets one member of it
	Free                    // any object; only the daemon knows what is in it

	// What is inside the kinds above.
	label   // string such as "key=value"
	mirror  // string with an http or https URL
	host    // string such as "registry.example.com:5000" or "10.0.0.0/8"
	subnet  // string such as "10.0.0.0/16"
	ulimit  // {Name, Hard, Soft}
	runtime // {path, runtimeArgs, runtimeType, options}
	pool    // {base, size}
)

// isList tells whether a repeated flag of this kind adds to a list.
func (k Kind) isList() bool {
	return k == Texts || k == IPs || k == Labels || k == Mirrors || k == Registries || k == Pools
}

// isObject tells whether a repeated flag of this kind sets members of an object.
func (k Kind) isObject() bool {
	switch k {
	case Pairs, NestedPairs, Switches, Ulimits, Runtimes, Interface, Proxies, Free, ulimit, runtime, pool:
		return true
	default:
		return false
	}
}

// takesEmpty tells whether a key of this kind may be an empty string. A size may not: UnmarshalJSON of
// moby opts.MemBytes.
func (k Kind) takesEmpty() bool { return k == Text || k == IP || k == subnet }

// element is the kind of each item of a list, or of each member of an object whose member names are
// free; Nothing for all other kinds.
func (k Kind) element() Kind {
	inside := map[Kind]Kind{
		Texts: Text, IPs: IP, Labels: label, Mirrors: mirror, Registries: host, Pools: pool,
		Pairs: Text, NestedPairs: Pairs, Switches: Bool, Ulimits: ulimit, Runtimes: runtime,
	}
	return inside[k]
}

// members are the names that an object of this kind may have, with their kinds; nil where they are
// free. needed tells which of them have to be there: dockerd takes a ulimit without a Name, but then
// no container starts. It has no use for a runtime's args and a pool's scope and takes them nevertheless,
// and nvidia-ctk writes the first.
func (k Kind) members() (known map[string]Kind, needed []string) {
	switch k {
	case ulimit:
		return map[string]Kind{"Name": Text, "Hard": Int, "Soft": Int}, []string{"Hard", "Name", "Soft"}
	case runtime:
		return map[string]Kind{"path": Text, "runtimeArgs": Texts, "runtimeType": Text, "options": Free, "args": Texts}, nil
	case pool:
		return map[string]Kind{"base": subnet, "size": Count, "scope": Text}, []string{"base", "size"}
	case Interface:
		return map[string]Kind{"enable": Bool, "plugin-path": Text, "plugin-config-path": Text, "socket-path": Text}, nil
	case Proxies:
		return map[string]Kind{"http-proxy": Text, "https-proxy": Text, "no-proxy": Text}, nil
	default:
		return nil, nil
	}
}

// String names what a value of this kind is in JSON, with its article.
func (k Kind) String() string {
	names := map[Kind]string{
		Bool: "true or false", Int: "a whole number", Count: "a whole number of 0 or more",
		Size: `a string such as "64M"`, IP: "a string with an IP address", IPs: "a list of strings with IP addresses",
		label: `a string such as "key=value"`, Labels: `a list of strings such as "key=value"`,
		mirror: "a string with an http or https URL", Mirrors: "a list of strings with http or https URLs",
		host: "a host, a host with its port, or a subnet", subnet: `a string such as "10.10.0.0/16"`,
	}
	if name, ok := names[k]; ok {
		return name
	}
	return k.shape()
}

// shape is String for the kinds that are told by their JSON type alone.
func (k Kind) shape() string {
	switch {
	case k.isObject():
		return "an object"
	case k == Pools:
		return "a list of objects"
	case k.isList():
		return "a list of strings"
	default:
		return "a string"
	}
}

// example is a value as one would write it after the flag, for hints.
func (k Kind) example() string {
	samples := map[Kind]string{
		Bool: "true", Int: "10", Count: "10", IP: "10.0.0.1", Size: "64M", IPs: "10.0.0.1", Labels: "key=value",
		Mirrors: "https://mirror.example.com", Registries: "registry.example.com:5000", Pairs: "key=value", NestedPairs: "bridge=key=value", Switches: "name=true",
		subnet: "10.10.0.1/16", Ulimits: "nofile=1024:2048", Runtimes: "name=/path/to/runtime", Pools: "base=10.10.0.0/16,size=24",
		Interface: "enable=true",
	}
	if sample, ok := samples[k]; ok {
		return sample
	}
	return "VALUE"
}
