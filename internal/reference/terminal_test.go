package reference

import (
	"encoding/xml"
	"strings"
	"testing"
)

func TestTerminal(t *testing.T) {
	svg := Terminal("$ a <b>\n# now\nstatus ✓ success & done\n\nend\n")
	var picture struct {
		Text []struct {
			Class string `xml:"class,attr"`
			All   string `xml:",innerxml"`
		} `xml:"text"`
	}
	if err := xml.Unmarshal(svg, &picture); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"command $ a &lt;b&gt;", "remark # now", ` status <tspan class="good">✓ success</tspan> &amp; done`, " end",
	}
	for i, line := range picture.Text {
		if got := line.Class + " " + line.All; got != want[i] {
			t.Errorf("line %d is %q, want %q", i, got, want[i])
		}
	}
	if len(picture.Text) != len(want) || !strings.Contains(string(svg), `viewBox="0 0 `) {
		t.Errorf("%d lines", len(picture.Text))
	}
}
