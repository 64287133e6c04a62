package build

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// Publisher and Type are the extension's name in Azure's gallery. The agent joins them with a dot for the
// name of the handler's folder.
const (
	Publisher = "Microsoft.Azure.Extensions"
	Type      = "DockerExtension"
)

// Gallery is what publishing an extension needs to know and the sources cannot tell.
type Gallery struct {
	MediaLink string   // address of the zip, from which the platform copies it; empty if publishing fills it in
	Regions   []string // where the version is to be had, such as "West Europe"; none means everywhere
	Internal  bool     // only the publisher's own subscriptions see it
	Homepage  string   // addresses of pages; empty if there are none
	Eula      string
	Privacy   string
}

// extensionImage is the manifest for the gallery. The platform reads its elements in this order, and no
// other: the data contract behind it is ordered (manifest.xml of Azure/azure-docker-extension says so).
type extensionImage struct {
	XMLName             xml.Name `xml:"http://schemas.microsoft.com/windowsazure ExtensionImage"`
	ProviderNameSpace   string
	Type                string
	Version             string
	Label               string
	HostingResources    string
	MediaLink           string
	Description         string
	IsInternalExtension bool
	Eula                string `xml:",omitempty"`
	PrivacyURI          string `xml:"PrivacyUri,omitempty"`
	HomepageURI         string `xml:"HomepageUri,omitempty"`
	IsJSONExtension     bool   `xml:"IsJsonExtension"`
	SupportedOS         string
	CompanyName         string
	Regions             string `xml:",omitempty"`
}

// Manifest gives manifest.xml, with which a version is put into the gallery.
func Manifest(version string, g Gallery) ([]byte, error) {
	if err := Version(version); err != nil {
		return nil, err
	}
	text, err := xml.MarshalIndent(extensionImage{
		ProviderNameSpace:   Publisher,
		Type:                Type,
		Version:             version,
		Label:               "Docker Extension for Linux",
		HostingResources:    "VmRole",
		MediaLink:           g.MediaLink,
		Description:         "Makes a Linux VM a Docker host: installs the engine, lays down certificates and options, and runs containers from a compose file",
		IsInternalExtension: g.Internal,
		Eula:                g.Eula,
		PrivacyURI:          g.Privacy,
		HomepageURI:         g.Homepage,
		IsJSONExtension:     true,
		SupportedOS:         "Linux",
		CompanyName:         "Microsoft",
		Regions:             strings.Join(g.Regions, ";"),
	}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cannot write manifest.xml: %w", err)
	}
	return append([]byte(xml.Header), append(text, '\n')...), nil
}
