// Package bundle packs what belongs to a bug report into one archive, without secrets: those that are
// known, and what looks like one. It touches nothing: texts go in, bytes come out.
package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"path"
	"time"

	"docker-extension/internal/fault"
)

// Entry is one file of an archive.
type Entry struct {
	Name    string
	Content string
}

// Pack gives a gzipped tar archive with the entries in a folder, each scrubbed and for its owner alone.
// known takes out the secrets that are known.
func Pack(folder string, entries []Entry, at time.Time, known func(string) string) ([]byte, error) {
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zipped)
	for _, e := range entries {
		content := []byte(known(Scrub(known(e.Content))))
		header := tar.Header{
			Typeflag: tar.TypeReg, Name: path.Join(folder, e.Name), Mode: 0o600, Size: int64(len(content)), ModTime: at.Truncate(time.Second),
			Format: tar.FormatPAX,
		}
		if err := archive.WriteHeader(&header); err != nil {
			return nil, failed(err)
		}
		if _, err := archive.Write(content); err != nil {
			return nil, failed(err)
		}
	}
	if err := archive.Close(); err != nil {
		return nil, failed(err)
	}
	if err := zipped.Close(); err != nil {
		return nil, failed(err)
	}
	return packed.Bytes(), nil
}

func failed(err error) error {
	return fault.New(fault.Internal, "", "report this", "cannot pack the archive: %w", err)
}
