package oplog

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

const key = `-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj
c2Vjb25kIGxpbmUgb2YgdGhlIGtleQ==
ab
-----END PRIVATE KEY-----
`

func known(secrets ...string) *Redactor {
	var r Redactor
	r.Add(secrets...)
	return &r
}

func TestRedact(t *testing.T) {
	const secret = `p"a&s s/w` + "\nord+1"
	quoted, _ := json.Marshal(secret)
	for name, text := range map[string]string{
		"as it is":      "before " + secret + " after",
		"twice":         secret + secret,
		"base64":        base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64 URL":    base64.URLEncoding.EncodeToString([]byte(secret)),
		"JSON":          string(quoted),
		"quoted by Go":  fmt.Sprintf("%q", secret),
		"query":         "https://host/?p=" + url.QueryEscape(secret),
		"path":          "https://host/" + url.PathEscape(secret),
		"first line":    `p"a&s s/w`,
		"PEM":           key,
		"line of PEM":   "line c2Vjb25kIGxpbmUgb2YgdGhlIGtleQ== there",
		"base64 of PEM": base64.StdEncoding.EncodeToString([]byte(key)),
	} {
		got := known(secret, key).Redact(text)
		for _, form := range []string{"s/w", "s%2Fw", "ord", "MIIE", "c2Vj", "LS0tLS1", `p\"a`, "cCJhJnM"} {
			if strings.Contains(got, form) {
				t.Errorf("%s: %q became %q, which still has %q", name, text, got, form)
			}
		}
		if !strings.Contains(got, Redacted) {
			t.Errorf("%s: %q became %q", name, text, got)
		}
	}
}

func TestRedactLeavesTheRest(t *testing.T) {
	r := known("", "on", "abc", "   \n", key)
	for _, text := range []string{"", "based on abc", "-----BEGIN PRIVATE KEY-----", "ab", "\n"} {
		if got := r.Redact(text); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := (*Redactor)(nil).Redact("text"); got != "text" {
		t.Errorf("a nil Redactor gave %q", got)
	}
}

func TestRedactTakesTheLongerSecret(t *testing.T) {
	for range 20 { // the order must not depend on a map
		if got := known("pass", "password", "password123").Redact("password123 pass"); got != "[redacted] [redacted]" {
			t.Fatalf("got %q", got)
		}
	}
}

func TestRedactorIsSafeForGoroutines(t *testing.T) {
	var r Redactor
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			secret := fmt.Sprintf("secret-%d-x", i)
			r.Add(secret)
			if got := r.Redact("<" + secret + ">"); got != "<[redacted]>" {
				t.Errorf("got %q", got)
			}
		})
	}
	all.Wait()
}

func FuzzRedact(f *testing.F) {
	f.Add("hunter2", "the password is ", " indeed")
	f.Add(key, "", "\n")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		core := strings.TrimSpace(secret)
		if len(core) < minSecret || strings.Contains(Redacted, core) || strings.ContainsAny(core, "[]") {
			t.Skip("no secret, or one that the replacement itself may spell")
		}
		got := known(secret).Redact(before + secret + after)
		if strings.Contains(got, core) || !strings.Contains(got, Redacted) {
			t.Errorf("%q is still in %q", secret, got)
		}
	})
}

type stringer struct{ s string }

func (s stringer) String() string { return s.s }

func TestLines(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, known("hunter\n22"), false)
	log.WithFields(logrus.Fields{
		FieldOp: "enable", FieldSeq: 7, "e": errors.New("bad hunter\n22"), "b": []byte("hunter\n22"),
		"j": json.RawMessage(`"hunter\n22"`), "s": stringer{"hunter\n22"}, "list": []string{"x", "hunter\n22"}, "nil": nil,
	}).Info("with hunter\n22")
	log.Debug("not shown")

	got := out.String()
	if strings.Contains(got, "22") && strings.Contains(got, "hunter") || strings.Count(got, Redacted) != 6 {
		t.Errorf("a secret is in %q", got)
	}
	want := regexp.MustCompile(`^time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z" level=info msg="with \[redacted\]" .*op=enable .*seq=7\b[^\n]*\n$`)
	if !want.MatchString(got) {
		t.Errorf("the line is %q", got)
	}
}

func TestTimesAreUTC(t *testing.T) {
	var out bytes.Buffer
	there := time.Date(2024, 5, 6, 7, 8, 9, 0, time.FixedZone("", 2*3600))
	New(&out, nil, false).WithTime(there).Info("x")
	if !strings.HasPrefix(out.String(), `time="2024-05-06T05:08:09.000Z"`) {
		t.Errorf("the line is %q", out.String())
	}
}

func TestVerboseShowsDebug(t *testing.T) {
	var out bytes.Buffer
	New(&out, nil, true).Debug("shown")
	if !strings.Contains(out.String(), "level=debug msg=shown") {
		t.Errorf("the line is %q", out.String())
	}
}

func TestStep(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, nil, false).WithField(FieldOp, "enable")
	if err := Step(log, "write it", func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	trouble := errors.New("no room")
	if err := Step(log, "start it", func() error { return trouble }); err != trouble {
		t.Fatalf("Step gave %v", err)
	}
	want := []string{
		`level=info msg=started op=enable step="write it"`,
		`level=info msg=done op=enable step="write it" took=`,
		`level=info msg=started op=enable step="start it"`,
		`level=error msg=failed error="no room" op=enable step="start it" took=`,
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(want) {
		t.Fatalf("there are %d lines in %q", len(lines), out.String())
	}
	for i := range want {
		if !strings.Contains(lines[i], want[i]) {
			t.Errorf("line %d is %q, want %q in it", i, lines[i], want[i])
		}
	}
}
