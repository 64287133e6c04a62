package oplog

import (
	"strconv"
	"strings"
)

// Fields takes a line of the log apart: name=value and name="quoted value", divided by blanks, as the
// logger writes them. A line of another form is the field msg.
func Fields(line string) map[string]string {
	fields := map[string]string{}
	for rest := line; rest != ""; rest = strings.TrimLeft(rest, " ") {
		name, after, found := strings.Cut(rest, "=")
		if !found || name == "" || strings.ContainsAny(name, " \"") {
			return map[string]string{"msg": line}
		}
		prefix, err := strconv.QuotedPrefix(after)
		if err != nil || !strings.HasPrefix(after, `"`) {
			fields[name], rest, _ = strings.Cut(after, " ")
			continue
		}
		value, err := strconv.Unquote(prefix)
		if err != nil {
			return map[string]string{"msg": line}
		}
		fields[name], rest = value, after[len(prefix):]
	}
	return fields
}
