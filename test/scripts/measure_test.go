package scripts

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkNothingToDo times, from outside, an enable that finds everything as it should be, on a VM
// with certificates, protected settings and a dpkg record of an ordinary installation's size.
func BenchmarkNothingToDo(b *testing.B) {
	v := running(b)
	b.Run("enable", func(b *testing.B) { median(b, func() { must(b, v, "enable") }) })
	b.Run("version", func(b *testing.B) { median(b, func() { must(b, v, "version") }) })
}

// median reports the median beside the mean, which one slow write to the disk can spoil.
func median(b *testing.B, f func()) {
	var took []time.Duration
	for b.Loop() {
		begin := time.Now()
		f()
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
}

// running gives a VM with a long record of packages on which an enable has succeeded.
func running(b *testing.B) *vm {
	b.Helper()
	v := enabled(b, disk, `{"docker":{"port":PORT}}`)
	// Only now, because the fake apt-get keeps no more of a record than it needs.
	few, err := os.ReadFile(filepath.Join(v.root, "var/lib/dpkg/status"))
	if err != nil {
		b.Fatal(err)
	}
	if err := v.write("/var/lib/dpkg/status", append(few, ordinaryRecord()...)); err != nil {
		b.Fatal(err)
	}
	return v
}

// ordinaryRecord has 600 packages with fields as long as they are on Debian: some 700 KB.
func ordinaryRecord() []byte {
	var record bytes.Buffer
	for i := range 600 {
		fmt.Fprintf(&record, "Package: package%d\nStatus: install ok installed\nPriority: optional\nSection: libs\nDepends: %s\nDescription: a package\n%s\n",
			i, strings.Repeat("lib-some-thing (>= 1.2.3), ", 12), strings.Repeat(" words that describe the package at some length\n", 15))
	}
	return record.Bytes()
}

func must(t testing.TB, v *vm, verb string) {
	t.Helper()
	var output bytes.Buffer
	if code, err := v.call("1.0.0", verb, "0", &output, &output); err != nil || code != 0 {
		t.Fatalf("%s ended with %d, %v\n%s", verb, code, err, output.String())
	}
}
