package azure

import (
	"encoding/xml"
	"net/http"
	"strconv"
)

// wireVersion is the protocol's version (wire.py, PROTOCOL_VERSION).
const wireVersion = "2012-11-30"

// Names that the agent only passes on.
const (
	containerID = "11111111-2222-3333-4444-555555555555"
	deployment  = "0123456789abcdef0123456789abcdef"
	instanceID  = deployment + ".docker-extension-test"
	configName  = deployment + ".0." + deployment + ".0.docker-extension-test.1.xml"
)

type versions struct {
	XMLName   xml.Name `xml:"Versions"`
	Preferred string   `xml:"Preferred>Version"`
	Supported []string `xml:"Supported>Version"`
}

// goalState is what the agent polls. Of the URIs it follows those that are there.
type goalState struct {
	XMLName     xml.Name `xml:"GoalState"`
	Version     string   `xml:"Version"`
	Incarnation int      `xml:"Incarnation"`
	Expected    string   `xml:"Machine>ExpectedState"`
	Probe       string   `xml:"Machine>LBProbePorts>Port"`
	Container   string   `xml:"Container>ContainerId"`
	Instance    instance `xml:"Container>RoleInstanceList>RoleInstance"`
}

type instance struct {
	ID     string     `xml:"InstanceId"`
	State  string     `xml:"State"`
	Config configURIs `xml:"Configuration"`
}

type configURIs struct {
	HostingEnvironment string `xml:"HostingEnvironmentConfig"`
	Shared             string `xml:"SharedConfig"`
	Extensions         string `xml:"ExtensionsConfig"`
	Full               string `xml:"FullConfig"`
	Certificates       string `xml:"Certificates"`
	Name               string `xml:"ConfigName"`
}

type certificateFile struct {
	XMLName     xml.Name `xml:"CertificateFile"`
	Version     string   `xml:"Version"`
	Incarnation string   `xml:"Incarnation"`
	Format      string   `xml:"Format"`
	Data        string   `xml:"Data"`
}

// hostingEnvironment and sharedConfig have nothing that differs from VM to VM here.
const hostingEnvironment = `<HostingEnvironmentConfig version="1.0.0.0" goalStateIncarnation="1">
  <StoredCertificates/>
  <Deployment name="` + deployment + `" guid="{` + containerID + `}" incarnation="0" isNonCancellableTopologyChangeEnabled="false"/>
  <Incarnation number="1" instance="docker-extension-test" guid="{` + containerID + `}"/>
  <Role guid="{` + containerID + `}" name="docker-extension-test" hostingEnvironmentVersion="1" software="" softwareType="ApplicationPackage" entryPoint="" parameters="" settleTimeSeconds="0"/>
</HostingEnvironmentConfig>`

const sharedConfig = `<SharedConfig version="1.0.0.0" goalStateIncarnation="1">
  <Deployment name="` + deployment + `" guid="{` + containerID + `}" incarnation="0"/>
  <Incarnation number="1" instance="docker-extension-test"/>
  <Role guid="{` + containerID + `}" name="docker-extension-test"/>
  <Instances/>
</SharedConfig>`

type extensionsConfig struct {
	XMLName     xml.Name       `xml:"Extensions"`
	Version     string         `xml:"version,attr"`
	Incarnation int            `xml:"goalStateIncarnation,attr"`
	Family      family         `xml:"GuestAgentExtension>GAFamilies>GAFamily"`
	Plugins     []plugin       `xml:"Plugins>Plugin"`
	Settings    []pluginConfig `xml:"PluginSettings>Plugin"`
	Upload      statusBlob     `xml:"StatusUploadBlob"`
	Metadata    metaData       `xml:"InVMGoalStateMetaData"`
}

type family struct {
	Name string `xml:"Name"`
	URI  string `xml:"Uris>Uri"`
}

type plugin struct {
	Name     string `xml:"name,attr"`
	Version  string `xml:"version,attr"`
	Location string `xml:"location,attr"`
	Failover string `xml:"failoverlocation,attr"`
	State    string `xml:"state,attr"`
	Upgrade  bool   `xml:"autoUpgrade,attr"`
	Startup  bool   `xml:"runAsStartupTask,attr"`
	JSON     bool   `xml:"isJson,attr"`
	Exact    bool   `xml:"useExactVersion,attr"`
}

type pluginConfig struct {
	Name      string          `xml:"name,attr"`
	Version   string          `xml:"version,attr"`
	DependsOn *dependsOn      `xml:"DependsOn"`
	Runtime   runtimeSettings `xml:"RuntimeSettings"`
}

type dependsOn struct {
	Level int       `xml:"dependencyLevel,attr"`
	On    []handler `xml:"DependsOnExtension"`
}

type handler struct {
	Name string `xml:"handler,attr"`
}

type runtimeSettings struct {
	Seq  int    `xml:"seqNo,attr"`
	JSON string `xml:",chardata"`
}

type statusBlob struct {
	Type string `xml:"statusBlobType,attr"`
	URI  string `xml:",chardata"`
}

type metaData struct {
	Ticks       string `xml:"createdOnTicks,attr"`
	Incarnation int    `xml:"inSvdSeqNo,attr"`
	Activity    string `xml:"activityId,attr"`
	Correlation string `xml:"correlationId,attr"`
}

// pluginManifest is the list of a package's versions.
type pluginManifest struct {
	XMLName xml.Name    `xml:"PluginVersionManifest"`
	Plugins []published `xml:"Plugins>Plugin"`
}

type published struct {
	Version string `xml:"Version"`
	URI     string `xml:"Uris>Uri"`
}

func (f *Fabric) goalState(number int) goalState {
	config := func(kind string) string {
		return wireURL("/machine/" + containerID + "/" + instanceID + "?comp=config&type=" + kind + "&incarnation=" + strconv.Itoa(number))
	}
	return goalState{
		Version: wireVersion, Incarnation: number, Expected: "Started", Probe: "16001", Container: containerID,
		Instance: instance{ID: instanceID, State: "Started", Config: configURIs{
			HostingEnvironment: config("hostingEnvironmentConfig"), Shared: config("sharedConfig"),
			Extensions: config("extensionsConfig"), Full: config("fullConfig"), Name: configName,
			Certificates: wireURL("/machine/" + containerID + "/" + instanceID + "?comp=certificates&incarnation=" + strconv.Itoa(number)),
		}},
	}
}

// extensionsConfig puts a goal into the WireServer's words.
func (g goal) extensionsConfig() (extensionsConfig, error) {
	config := extensionsConfig{
		Version: "1.0.0.0", Incarnation: g.number,
		Family:   family{Name: "Prod", URI: manifestURL(agentFamily)},
		Upload:   statusBlob{Type: "BlockBlob", URI: statusURL()},
		Metadata: metaData{Ticks: ticks(g.created), Incarnation: g.number, Activity: containerID, Correlation: containerID},
	}
	for _, e := range g.extensions {
		location := manifestURL(e.Name)
		config.Plugins = append(config.Plugins, plugin{
			Name: e.Name, Version: e.Version, Location: location, Failover: location, State: e.state(), JSON: true, Exact: true,
		})
		if e.Settings == nil {
			continue
		}
		content, err := e.Settings.Bytes()
		if err != nil {
			return config, err
		}
		config.Settings = append(config.Settings, pluginConfig{
			Name: e.Name, Version: e.Version, DependsOn: e.dependsOn(), Runtime: runtimeSettings{Seq: e.Seq, JSON: string(content)},
		})
	}
	return config, nil
}

func (e Extension) dependsOn() *dependsOn {
	if e.Level == 0 {
		return nil
	}
	depends := &dependsOn{Level: e.Level}
	for _, name := range e.DependsOn {
		depends.On = append(depends.On, handler{name})
	}
	return depends
}

func writeXML(w http.ResponseWriter, document any) {
	content, err := xml.MarshalIndent(document, "", "  ")
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeXMLText(w, string(content))
}

func writeXMLText(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write([]byte(xml.Header + text))
}
