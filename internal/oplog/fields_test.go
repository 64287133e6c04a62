package oplog

import (
	"bytes"
	"maps"
	"testing"
)

func TestFields(t *testing.T) {
	tests := []struct {
		line string
		want map[string]string
	}{
		{"", map[string]string{}},
		{`time="2026-11-24T12:00:00.000Z" level=info msg="a \"b\" c=d" op=enable seq=3`,
			map[string]string{"time": "2026-11-24T12:00:00.000Z", "level": "info", "msg": `a "b" c=d`, "op": "enable", "seq": "3"}},
		{"a= b=1", map[string]string{"a": "", "b": "1"}},
		{"panic: runtime error", map[string]string{"msg": "panic: runtime error"}},
		{`a="open`, map[string]string{"a": `"open`}},
		{"=x", map[string]string{"msg": "=x"}},
	}
	for _, test := range tests {
		if got := Fields(test.line); !maps.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.line, got, test.want)
		}
	}
}

// What the logger writes comes back.
func FuzzFields(f *testing.F) {
	f.Add("message", "value")
	f.Add("with \"quotes\"\nand = lines", "")
	f.Fuzz(func(t *testing.T, message, value string) {
		var out bytes.Buffer
		New(&out, nil, false).WithField("key", value).Info(message)
		got := Fields(string(bytes.TrimRight(out.Bytes(), "\n")))
		if message != "" && (got["msg"] != message || got["key"] != value) {
			t.Errorf("%q, %q came back as %q from %s", message, value, got, out.Bytes())
		}
	})
}
