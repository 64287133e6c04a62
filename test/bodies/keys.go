package bodies

// Key is a row about one key of the settings: settings with it, with another value of it, and without it,
// which are otherwise the same. What only a test in a VM knows stands in them as a Blank.
type Key struct {
	// Path is the key's place, as in a fault: "publicSettings.docker.port".
	Path string
	// Set, Changed and Dropped are the settings, to be given in this order. Dropped may be what has to be
	// refused: then Refused has words of the refusal.
	Set, Changed, Dropped Body
	// Refused is what is said where the key cannot be left out; empty where it can.
	Refused string
	// Says has words that the status has after Set; mostly none.
	Says string
	// Stops says that containers may stop: another engine comes in place of theirs, or live-restore goes.
	Stops bool
	// Slow says that every change of it takes long, and that a row that is not slow, or another test, does the same.
	Slow bool
}

// Body is public and protected settings, as JSON; the latter may be empty.
type Body struct{ Public, Protected string }

// Blank is a word in a Body in whose place a test puts a value, as it stands between quotes in JSON.
type Blank string

// The blanks.
const (
	CA        Blank = "<ca>"        // an authority
	Cert      Blank = "<cert>"      // a certificate from it, for a server
	CertKey   Blank = "<cert-key>"  // the key to it
	BothCAs   Blank = "<both-cas>"  // that authority and another one
	NewCert   Blank = "<new-cert>"  // another certificate of the first authority
	NewKey    Blank = "<new-key>"   // the key to it
	Mirror    Blank = "<mirror>"    // address of a repository with Docker's packages
	MirrorToo Blank = "<mirror-2>"  // another address of the same
	SignedBy  Blank = "<signed-by>" // the key that it is signed with, armoured; served as /good.asc
	SignedFP  Blank = "<signed-fp>" // the fingerprint of that
	SpacedFP  Blank = "<spaced-fp>" // the same in groups of four
	Proxy     Blank = "<proxy>"     // address of a proxy, with user and password
	ProxyToo  Blank = "<proxy-2>"   // another address of it
	Registry  Blank = "<registry>"  // a registry that wants a password
	Registry2 Blank = "<registry-2>"
	Robot     Blank = "<robot>" // an account there, and its password
	Password  Blank = "<password>"
	Robot2    Blank = "<robot-2>" // another one
	Password2 Blank = "<password-2>"
)

// Keys gives a row for every key that the settings have.
func Keys() []Key {
	var all []Key
	for _, rows := range [][]Key{engineKeys(), accessKeys(), sourceKeys(), mirrorKeys(), proxyKeys(), composeKeys(), loginKeys(), oldKeys()} {
		all = append(all, rows...)
	}
	return all
}

const (
	certs        = `"certs": {"ca": "<ca>", "cert": "<cert>", "key": "<cert-key>"}`
	otherCert    = `"certs": {"ca": "<ca>", "cert": "<new-cert>", "key": "<new-key>"}`
	moreCAs      = `"certs": {"ca": "<both-cas>", "cert": "<cert>", "key": "<cert-key>"}`
	remote       = `{"docker": {"port": 2376}}`
	mirrorSigned = `"url": "<mirror>", "suite": "good", "key": "<signed-by>"`
)

// public is a body without a protected part.
func public(text string) Body { return Body{Public: text} }

// docker is a body with these members of docker alone.
func docker(members string) Body { return public(`{"docker": {` + members + `}}`) }

// certified is a body with the certificates.
func certified(text string) Body { return Body{text, "{" + certs + "}"} }

func engineKeys() []Key {
	return []Key{
		{Path: "publicSettings.docker.options", Set: docker(`"options": ["-D", "--label=a=1"]`),
			Changed: docker(`"options": ["--label=a=2", "--log-opt", "max-size=5m"]`), Dropped: public(`{}`)},
		{Path: "publicSettings.docker.daemon", Set: docker(`"daemon": {"log-opts": {"max-size": "10m"}, "labels": ["b=1"]}`),
			Changed: docker(`"daemon": {"log-opts": {"max-file": "3"}, "shutdown-timeout": 20}`), Dropped: public(`{}`)},
		{Path: "publicSettings.docker.waitMinutes", Set: docker(`"waitMinutes": 5`), Changed: docker(`"waitMinutes": "7"`), Dropped: public(`{}`)},
		{Path: "publicSettings.docker.hold", Set: docker(`"hold": true`), Changed: docker(`"hold": "False"`), Dropped: public(`{}`)},
		{Path: "publicSettings.docker.users", Set: docker(`"users": ["ada"]`), Changed: docker(`"users": ["ada", "azureuser"]`), Dropped: public(`{}`)},
		{Path: "publicSettings.azure-environment", Set: public(`{"azure-environment": "AzureChinaCloud"}`),
			Changed: public(`{"azure-environment": "AzureUSGovernment"}`), Dropped: public(`{}`)},
		{Path: "publicSettings.uninstall.purgeData", Set: public(`{"uninstall": {"purgeData": true}}`),
			Changed: public(`{"uninstall": {"purgeData": "false"}}`), Dropped: public(`{}`)},
	}
}

func accessKeys() []Key {
	with := func(protected string) Body { return Body{remote, "{" + protected + "}"} }
	return []Key{
		{Path: "publicSettings.docker.port", Set: certified(remote), Changed: certified(`{"docker": {"port": "2377"}}`), Dropped: certified(`{}`)},
		{Path: "publicSettings.docker.tls", Set: certified(`{"docker": {"port": 2376, "tls": false}}`),
			Changed: certified(`{"docker": {"port": 2376, "tls": "true"}}`), Dropped: certified(remote)},
		{Path: "protectedSettings.certs.ca", Set: with(certs), Changed: with(moreCAs),
			Dropped: with(`"certs": {"cert": "<cert>", "key": "<cert-key>"}`), Refused: "lacks ca"},
		{Path: "protectedSettings.certs.cert", Set: with(certs), Changed: with(otherCert),
			Dropped: with(`"certs": {"ca": "<ca>", "key": "<cert-key>"}`), Refused: "lacks cert"},
		{Path: "protectedSettings.certs.key", Set: with(certs), Changed: with(otherCert),
			Dropped: with(`"certs": {"ca": "<ca>", "cert": "<cert>"}`), Refused: "lacks key"},
	}
}

func sourceKeys() []Key {
	from := func(more string) Body { return docker(`"source": {` + mirrorSigned + `}` + more) }
	return []Key{
		{Path: "publicSettings.docker.source", Set: docker(`"source": "distro"`), Changed: from(``), Dropped: public(`{}`), Stops: true},
		{Path: "publicSettings.docker.version", Set: from(`, "version": "26.1.1"`), Changed: from(`, "version": "26.1"`), Dropped: from(``), Stops: true, Slow: true},
	}
}

func mirrorKeys() []Key {
	from := func(members string) Body { return docker(`"source": {` + members + `}`) }
	good := func(more string) Body { return from(mirrorSigned + more) }
	row := func(name string, set, changed, dropped Body, refused string) Key {
		return Key{Path: "publicSettings.docker.source." + name, Set: set, Changed: changed, Dropped: dropped, Refused: refused, Stops: true, Slow: true}
	}
	return []Key{
		row("url", good(``), from(`"url": "<mirror-2>", "suite": "good", "key": "<signed-by>"`), from(`"suite": "good", "key": "<signed-by>"`), "lacks url"),
		row("suite", good(``), from(`"url": "<mirror>", "suite": "again", "key": "<signed-by>"`), from(`"url": "<mirror>", "key": "<signed-by>"`), "lacks suite"),
		row("component", good(`, "component": "stable"`), good(`, "component": "edge"`), good(``), ""),
		row("fingerprint", good(`, "fingerprint": "<signed-fp>"`), good(`, "fingerprint": "<spaced-fp>"`), good(``), ""),
		row("packages", good(`, "packages": ["docker-ce", "docker-ce-cli", "containerd.io"]`),
			good(`, "packages": ["docker-ce", "docker-ce-cli", "containerd.io", "docker-buildx-plugin"]`), good(``), ""),
		row("key", good(``), from(`"url": "<mirror>", "suite": "good", "key": "<mirror>/good.asc", "fingerprint": "<signed-fp>"`),
			from(`"url": "<mirror>", "suite": "good"`), "send the key that it is signed with as docker.source.key"),
	}
}

func proxyKeys() []Key {
	through := func(members string) Body { return docker(`"proxy": {` + members + `}`) }
	return []Key{
		{Path: "publicSettings.docker.proxy.http", Set: through(`"http": "<proxy>"`), Changed: through(`"http": "<proxy-2>"`), Dropped: public(`{}`)},
		{Path: "publicSettings.docker.proxy.https", Set: through(`"https": "<proxy>"`), Changed: through(`"https": "<proxy-2>"`), Dropped: public(`{}`)},
		{Path: "publicSettings.docker.proxy.no", Set: through(`"no": "localhost"`), Changed: through(`"no": "localhost,.example.com"`), Dropped: public(`{}`)},
	}
}

func composeKeys() []Key {
	const web = `"web": {"image": "wordpress", "environment": ["SECRET"], "labels": {"color": "${COLOR:-none}"}}`
	project := `"compose": {"services": {` + web + `}}`
	body := func(more, protected string) Body { return Body{`{` + project + more + `}`, protected} }
	return []Key{
		{Path: "publicSettings.compose", Set: body(``, ``),
			Changed: public(`{"compose": {"services": {` + web + `, "db": {"image": "mysql", "volumes": ["notes:/notes"]}}, "volumes": {"notes": {}}}}`),
			Dropped: public(`{}`)},
		{Path: "publicSettings.compose-environment", Set: body(`, "compose-environment": {"COLOR": "red"}`, ``),
			Changed: body(`, "compose-environment": {"COLOR": "blue", "COMPOSE_PROJECT_NAME": "shop"}`, ``), Dropped: body(``, ``)},
		{Path: "protectedSettings.environment", Set: body(``, `{"environment": {"SECRET": "one"}}`),
			Changed: body(``, `{"environment": {"SECRET": "two"}}`), Dropped: body(``, ``)},
	}
}

func loginKeys() []Key {
	body := func(members string) Body {
		return Body{`{"docker": {"waitMinutes": 0}}`, `{"login": {` + members + `}}`}
	}
	const server, account = `"server": "<registry>"`, `"username": "<robot>", "password": "<password>"`
	const other = `"username": "<robot-2>", "password": "<password-2>"`
	one := body(server + ", " + account)
	return []Key{
		{Path: "protectedSettings.login", Set: Body{`{}`, `{"login": {` + server + `, ` + account + `}}`},
			Changed: Body{`{}`, `{"login": [{` + server + `, ` + other + `}, {"server": "<registry-2>", ` + account + `}]}`}, Dropped: public(`{}`)},
		{Path: "protectedSettings.login.username", Set: one, Changed: body(server + ", " + other), Dropped: body(server + `, "password": "<password>"`), Refused: "lacks username"},
		{Path: "protectedSettings.login.password", Set: one, Changed: body(server + ", " + other), Dropped: body(server + `, "username": "<robot>"`), Refused: "lacks password"},
		{Path: "protectedSettings.login.email", Set: body(server + ", " + account + `, "email": "a@example.com"`),
			Changed: body(server + ", " + account + `, "email": "b@example.com"`), Dropped: one},
		{Path: "protectedSettings.login.server", Set: one, Changed: body(`"server": "<registry-2>", ` + account), Dropped: body(account), Refused: "cannot log in to Docker Hub, which a login without server is for"},
	}
}

func oldKeys() []Key {
	old := func(ca, cert, key string) Body {
		text := `{`
		for _, member := range [][2]string{{"ca", ca}, {"server-cert", cert}, {"server-key", key}} {
			if member[1] != "" {
				text += `"` + member[0] + `": "` + member[1] + `", `
			}
		}
		return Body{`{"dockerport": 2376}`, text + `"login": null}`}
	}
	all := old("<ca>", "<cert>", "<cert-key>")
	return []Key{
		{Path: "publicSettings.composeup", Set: public(`{"composeup": {"web": {"image": "wordpress"}}}`),
			Changed: public(`{"composeup": {"web": {"image": "mysql"}}}`), Dropped: public(`{}`)},
		{Path: "publicSettings.installonly", Set: public(`{"installonly": "true"}`), Changed: public(`{"installonly": false}`), Dropped: public(`{}`), Stops: true,
			Says: "all containers stop, and those with a restart policy start again"},
		{Path: "publicSettings.version", Set: public(`{"version": 1}`), Changed: public(`{"version": "2"}`), Dropped: public(`{}`)},
		{Path: "publicSettings.dockerport", Set: certified(`{"dockerport": "2376"}`), Changed: certified(`{"dockerport": 2377}`), Dropped: certified(`{}`)},
		{Path: "protectedSettings.ca", Set: all, Changed: old("<both-cas>", "<cert>", "<cert-key>"), Dropped: old("", "<cert>", "<cert-key>"), Refused: "lacks ca"},
		{Path: "protectedSettings.server-cert", Set: all, Changed: old("<ca>", "<new-cert>", "<new-key>"), Dropped: old("<ca>", "", "<cert-key>"), Refused: "lacks cert"},
		{Path: "protectedSettings.server-key", Set: all, Changed: old("<ca>", "<new-cert>", "<new-key>"), Dropped: old("<ca>", "<cert>", ""), Refused: "lacks key"},
	}
}
