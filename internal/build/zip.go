// Package build packs the extension zip. The same files give the same bytes, on any machine and at
// any time, so that everyone can check which sources a published zip was made from.
package build

import (
	"archive/zip"
	"bytes"
	"cmp"
	"compress/flate"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"
)

// Limit is the largest size in bytes that a packed extension may have. The agent downloads and
// unpacks the zip on every VM, before anything else happens.
const Limit = 16 << 20

// Entry is one file of the zip.
type Entry struct {
	Name    string      // path in the zip, with slashes
	Mode    fs.FileMode // permission bits; the agent drops them, a person's unzip keeps them
	Content []byte
}

// Zip gives the bytes of a zip that holds the entries, ordered by name and without a trace of when
// and where it was made. A name that comes twice, and a zip larger than Limit, are errors.
func Zip(entries []Entry) ([]byte, error) {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b Entry) int {
		return cmp.Compare(a.Name, b.Name)
	})
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(out, flate.BestCompression)
	})
	for i, entry := range sorted {
		if i > 0 && entry.Name == sorted[i-1].Name {
			return nil, fmt.Errorf("cannot pack %s twice", entry.Name)
		}
		if err := add(w, entry); err != nil {
			return nil, fmt.Errorf("cannot pack %s: %w", entry.Name, err)
		}
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("cannot end the zip: %w", err)
	}
	if packed.Len() > Limit {
		return nil, fmt.Errorf("cannot pack the extension: the zip has %d bytes, the limit is %d", packed.Len(), Limit)
	}
	return packed.Bytes(), nil
}

func add(w *zip.Writer, entry Entry) error {
	header := &zip.FileHeader{
		Name:     entry.Name,
		Method:   zip.Deflate,
		Modified: epoch(),
	}
	header.SetMode(entry.Mode.Perm())
	out, err := w.CreateHeader(header)
	if err != nil {
		return err
	}
	_, err = out.Write(entry.Content)
	return err
}

// epoch is the time of every file in the zip: the first that the format's MS-DOS clock can tell.
func epoch() time.Time {
	return time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)
}
