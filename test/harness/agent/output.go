package agent

import "strings"

// outputLimit is how many bytes of each stream the agent reads, and how many characters of both
// together it keeps (extensionprocessutil.py, TELEMETRY_MESSAGE_MAX_LEN).
const outputLimit = 3200

// merge gives stdout and stderr as the agent shows them in a handler's message: the ends of what it
// has read when both together are too long (extensionprocessutil.py, format_stdout_stderr).
func merge(stdout, stderr []byte) string {
	out := []rune(strings.ToValidUTF8(string(stdout), ""))
	err := []rune(strings.ToValidUTF8(string(stderr), ""))
	const frame = "[stdout]\n\n\n[stderr]\n"
	each := (outputLimit - len(frame)) / 2
	if len(out)+len(err) >= outputLimit {
		spareOut, spareErr := max(each-len(out), 0), max(each-len(err), 0)
		out, err = last(out, each+spareErr), last(err, each+spareOut)
	}
	return "[stdout]\n" + string(out) + "\n\n[stderr]\n" + string(err)
}

func last(text []rune, n int) []rune { return text[max(len(text)-n, 0):] }
