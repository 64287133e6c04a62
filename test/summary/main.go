// Command summary reads the events of `go test -json` from the named files, one for each stage, and
// prints what was skipped and why, what failed, and as its last line
// "N passed, N failed, N skipped". It exits with 1 when anything failed. With -page it puts the tables of
// bad days into that file instead.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	page := flag.String("page", "", "put the tables of named faults and of cuts between the marks of this `file`")
	flag.Parse()
	all := record{}
	for _, path := range flag.Args() {
		if err := all.readFile(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			all.add(event{Action: "fail", Package: path})
		}
	}
	if *page != "" {
		if err := all.updatePage(*page); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	result := all.sum()
	all.print(os.Stdout, result)
	if len(result.failed) > 0 || len(result.passed) == 0 {
		os.Exit(1)
	}
}

func (r record) readFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := r.read(file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
