package files

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// ReadFrom gives what the file at p has from a byte on, at most MaxSize of it, and where that ends. A file
// that is shorter is another one by now, and is given from its beginning; one that is not there is empty.
func (r Root) ReadFrom(p string, offset int64) (content []byte, next int64, err error) {
	file, err := os.OpenFile(r.Path(p), os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0) // #nosec G304 -- as in read
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, failed("read", p, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, failed("read", p, err)
	}
	if info.Size() < offset {
		offset = 0
	}
	content, err = io.ReadAll(io.NewSectionReader(file, offset, MaxSize))
	return content, offset + int64(len(content)), failed("read", p, err)
}
