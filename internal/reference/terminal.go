package reference

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The measures of the picture in pixels: of a character of its font, and of the margin.
const (
	charWidth  = 7.25
	lineHeight = 18
	fontSize   = 12
	margin     = 18
	titleBar   = 28
)

// Terminal draws what stands on a terminal, as an SVG: lines that begin with "$ " are commands, those with
// "# " remarks, and a check mark makes its word green. The same text gives the same picture.
func Terminal(text string) []byte {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	widest := 0
	for _, line := range lines {
		widest = max(widest, utf8.RuneCountInString(line))
	}
	width := int(float64(widest)*charWidth) + 2*margin
	height := titleBar + len(lines)*lineHeight + margin
	var svg bytes.Buffer
	fmt.Fprintf(&svg, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" xml:space="preserve">`+"\n", width, height, width, height)
	svg.WriteString("<title>A run of the extension, on a terminal</title>\n")
	svg.WriteString("<style>text{font:12px ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;fill:#d6dce5;white-space:pre}" +
		".command{fill:#ffffff;font-weight:bold}.remark{fill:#8b97a8}.good{fill:#7ee08f}</style>\n")
	fmt.Fprintf(&svg, `<rect width="%d" height="%d" rx="8" fill="#1b222d"/>`+"\n", width, height)
	for i, colour := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&svg, `<circle cx="%d" cy="15" r="5" fill="%s"/>`+"\n", margin+i*17, colour)
	}
	for i, line := range lines {
		if line != "" {
			fmt.Fprintf(&svg, `<text x="%d" y="%d"%s>%s</text>`+"\n", margin, titleBar+i*lineHeight+fontSize, class(line), spans(line))
		}
	}
	svg.WriteString("</svg>\n")
	return svg.Bytes()
}

// class gives the attribute for the kind of a line.
func class(line string) string {
	switch {
	case strings.HasPrefix(line, "$ "):
		return ` class="command"`
	case strings.HasPrefix(line, "# "):
		return ` class="remark"`
	}
	return ""
}

// spans escapes a line and colours what is good in it.
func spans(line string) string {
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(line)) // a buffer takes everything
	return regexp.MustCompile(`✓ \w+`).ReplaceAllString(escaped.String(), `<tspan class="good">$0</tspan>`)
}
