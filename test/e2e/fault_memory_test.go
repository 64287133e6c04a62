package e2e

// memoryMishaps are those of what the extension keeps in mind: its folders and its ledger.
func memoryMishaps() []mishap {
	const ledger = stateDir + "/ledger.json"
	return []mishap{
		{name: "state folder removed", brief: true, strike: script("rm -rf " + stateDir)},
		{name: "state folder a file", code: codeHostFiles, strike: instead(stateDir, "touch PATH"), says: []string{stateDir}},
		{name: "state corrupt", brief: true, code: codeHostConfig, strike: instead(ledger, "head -c 300 /dev/urandom >PATH"),
			says: []string{ledger + ": cannot understand the extension's record", "restore the file from a backup"}},
		{name: "state cut off", code: codeHostConfig, strike: instead(ledger, "head -c 100 "+ledger+".away >PATH"),
			says: []string{ledger + ": cannot understand the extension's record"}},
		{name: "state empty", code: codeHostConfig, strike: instead(ledger, ": >PATH"), says: []string{ledger}},
		{name: "state from a future version", brief: true, code: codeHostConfig, strike: instead(ledger, `sed 's/"format": [0-9]*/"format": 99/' `+ledger+`.away >PATH`),
			says: []string{"the extension's record has format 99", "install the version of the extension that was here last, or a newer one"}},
		{name: "corrupt state moved away as told", strike: script("mv " + ledger + " " + ledger + ".bad")},
		{name: "order corrupt", strike: script("mkdir -p /run/docker-extension; echo '{' >/run/docker-extension/order.json; echo '{' >/run/docker-extension/current.json")},
		{name: "run folder removed", strike: script("rm -rf /run/docker-extension")},
		{name: "update marker corrupt", strike: script("echo '{' >" + stateDir + "/update.json")},
	}
}
