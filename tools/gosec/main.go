// Command gosec looks through Go sources for known kinds of holes. It is gosec's own analysis with a
// main of a few lines: the one that gosec ships asks language models for advice, and links their
// clients, which takes minutes to compile and would be no help here.
package main

import (
	"github.com/securego/gosec/v2/goanalysis"
	"golang.org/x/tools/go/analysis/singlechecker"
)

func main() { singlechecker.Main(goanalysis.Analyzer) }
