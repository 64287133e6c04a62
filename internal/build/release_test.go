package build

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestManifestOrder: the platform takes the elements in one order only.
func TestManifestOrder(t *testing.T) {
	full := Gallery{
		MediaLink: "https://example.com/a&b.zip", Regions: []string{"West Europe", "North Europe"}, Internal: true,
		Homepage: "https://example.com/", Eula: "https://example.com/eula", Privacy: "https://example.com/privacy",
	}
	for name, test := range map[string]struct {
		gallery Gallery
		want    string
	}{
		"everything": {full, "ProviderNameSpace=Microsoft.Azure.Extensions Type=DockerExtension Version=1.2.3 Label HostingResources=VmRole " +
			"MediaLink=https://example.com/a&b.zip Description IsInternalExtension=true Eula=https://example.com/eula " +
			"PrivacyUri=https://example.com/privacy HomepageUri=https://example.com/ IsJsonExtension=true SupportedOS=Linux " +
			"CompanyName=Microsoft Regions=West Europe;North Europe"},
		"nothing but the version": {Gallery{}, "ProviderNameSpace=Microsoft.Azure.Extensions Type=DockerExtension Version=1.2.3 Label " +
			"HostingResources=VmRole MediaLink= Description IsInternalExtension=false IsJsonExtension=true SupportedOS=Linux CompanyName=Microsoft"},
	} {
		text, err := Manifest("1.2.3", test.gallery)
		if err != nil {
			t.Fatal(err)
		}
		if got := elements(t, text); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, test.want)
		}
	}
	if _, err := Manifest("v1.2", Gallery{}); err == nil {
		t.Error("a version that the agent does not understand was published")
	}
}

// elements writes the elements in a line, with their text but for those that are for people.
func elements(t *testing.T, text []byte) string {
	t.Helper()
	var image struct {
		XMLName xml.Name `xml:"http://schemas.microsoft.com/windowsazure ExtensionImage"`
		All     []struct {
			XMLName xml.Name
			Text    string `xml:",chardata"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal(text, &image); err != nil {
		t.Fatal(err)
	}
	var line []string
	for _, element := range image.All {
		name := element.XMLName.Local
		if name != "Label" && name != "Description" {
			name += "=" + element.Text
		}
		line = append(line, name)
	}
	return strings.Join(line, " ")
}

// programs gives binaries that are real: this test, which the linker has written as it writes others.
func programs(t *testing.T) fstest.MapFS {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := fstest.MapFS{}
	for _, system := range Workstations() {
		all["docker-extension-"+system] = &fstest.MapFile{Data: content}
	}
	return all
}

func TestReleaseFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("packs binaries of tests, with their symbols: make test does it")
	}
	files, err := Release(os.DirFS(root), programs(t), "9.8.7", Gallery{})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	var names []string
	for _, file := range files {
		names = append(names, file.Name)
		if err := os.WriteFile(filepath.Join(folder, file.Name), file.Content, file.Mode); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"docker-extension-9.8.7.cdx.json", "docker-extension-9.8.7.zip", "docker-extension-darwin-amd64",
		"docker-extension-darwin-arm64", "docker-extension-linux-amd64", "docker-extension-linux-arm64", "manifest.xml", "SHA256SUMS",
	}
	if !slices.Equal(names, want) {
		t.Errorf("a release has %q, want %q", names, want)
	}
	cmd := exec.Command("sha256sum", "--check", "--strict", "SHA256SUMS")
	cmd.Dir = folder
	if output, err := cmd.CombinedOutput(); err != nil || strings.Count(string(output), ": OK") != len(want)-1 {
		t.Errorf("sha256sum: %v\n%s", err, output)
	}
}

func TestReleaseNeedsEverything(t *testing.T) {
	for _, system := range Workstations() {
		missing := programs(t)
		delete(missing, "docker-extension-"+system)
		if _, err := Release(os.DirFS(root), missing, "9.8.7", Gallery{}); err == nil {
			t.Errorf("released without the binary for %s", system)
		}
	}
	if _, err := Release(os.DirFS(root), binaries(), "9.8.7", Gallery{}); err == nil {
		t.Error("released a program that has no list of what is linked into it")
	}
}

// TestSBOMNamesWhatIsLinked compares with what the go command says of the same binary.
func TestSBOMNamesWhatIsLinked(t *testing.T) {
	binary := programs(t)["docker-extension-amd64"].Data
	text, err := SBOM("9.8.7", []Entry{{Name: "one", Content: binary}, {Name: "two", Content: binary}})
	if err != nil {
		t.Fatal(err)
	}
	var b bill
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	output, err := exec.Command("go", "version", "-m", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, match := range regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)\t(\S+)$`).FindAllSubmatch(output, -1) {
		want = append(want, string(bytes.Join(match[1:], []byte(" "))))
	}
	var got []string
	for _, c := range b.Components {
		if c.Name != "std" {
			got = append(got, c.Name+" "+c.Version+" "+c.Properties[0].Value)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the bill of materials has %q, the binary %q", got, want)
	}
	if len(b.Metadata.Component.Components) != 2 || len(b.Dependencies[0].DependsOn) != len(b.Components) {
		t.Error("a binary or a dependency is missing")
	}
}
