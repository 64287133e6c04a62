package azure

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"docker-extension/test/harness/agent"
)

// Upload is one status of the VM as the agent has uploaded it.
type Upload struct {
	// Number counts the uploads from 1.
	Number int
	At     time.Time
	// Goal is the number of the goal state that the agent has worked through last; 0 for none.
	Goal int
	// AgentVersion is the agent's own.
	AgentVersion string
	Handlers     []Handler
	// Blob is the whole as it came, JSON.
	Blob []byte
}

// Handler is what the agent reports of one extension.
type Handler struct {
	Name, Version string
	// Status is Ready or NotReady for a handler that is installed.
	Status  string
	Code    int
	Message string
	// Seq is the sequence number of Extension.
	Seq int
	// Extension is the extension's own status; nil when the agent reports none.
	Extension *agent.Status
}

// Handler gives the report on one extension; ok is false if there is none.
func (u Upload) Handler(name string) (h Handler, ok bool) {
	for _, h := range u.Handlers {
		if h.Name == name {
			return h, true
		}
	}
	return Handler{}, false
}

// The blob, as wire.py's vm_status_to_v1 writes it.
type blob struct {
	Aggregate struct {
		Agent struct {
			Version string `json:"version"`
		} `json:"guestAgentStatus"`
		Handlers  []blobHandler `json:"handlerAggregateStatus"`
		Artifacts struct {
			Goal struct {
				Number json.RawMessage `json:"inSvdSeqNo"`
			} `json:"goalStateAggregateStatus"`
		} `json:"vmArtifactsAggregateStatus"`
	} `json:"aggregateStatus"`
}

type blobMessage struct {
	Message string `json:"message"`
}

type blobHandler struct {
	Version  string      `json:"handlerVersion"`
	Name     string      `json:"handlerName"`
	Status   string      `json:"status"`
	Code     int         `json:"code"`
	Message  blobMessage `json:"formattedMessage"`
	Settings *struct {
		Seq    int `json:"sequenceNumber"`
		Status struct {
			Status blobStatus `json:"status"`
		} `json:"settingsStatus"`
	} `json:"runtimeSettingsStatus"`
}

type blobStatus struct {
	Name      string       `json:"name"`
	Operation string       `json:"operation"`
	Status    string       `json:"status"`
	Code      int          `json:"code"`
	Message   blobMessage  `json:"formattedMessage"`
	Substatus []blobStatus `json:"substatus"`
}

// ParseUpload reads a status blob.
func ParseUpload(content []byte) (Upload, error) {
	var b blob
	if err := json.Unmarshal(content, &b); err != nil {
		return Upload{}, fmt.Errorf("cannot read the status blob: %w", err)
	}
	upload := Upload{Blob: content, AgentVersion: b.Aggregate.Agent.Version}
	// A number for FastTrack, a text for an incarnation.
	number := strings.Trim(string(b.Aggregate.Artifacts.Goal.Number), `"`)
	if number != "" && number != "null" {
		if _, err := fmt.Sscan(number, &upload.Goal); err != nil {
			return Upload{}, fmt.Errorf("cannot read inSvdSeqNo %q: %w", number, err)
		}
	}
	for _, h := range b.Aggregate.Handlers {
		upload.Handlers = append(upload.Handlers, h.handler())
	}
	return upload, nil
}

func (b blobHandler) handler() Handler {
	h := Handler{Name: b.Name, Version: b.Version, Status: b.Status, Code: b.Code, Message: b.Message.Message}
	if b.Settings == nil {
		return h
	}
	s := b.Settings.Status.Status
	h.Seq = b.Settings.Seq
	h.Extension = &agent.Status{
		State: s.Status, Code: s.Code, Operation: s.Operation, Message: s.Message.Message,
		Placeholder: strings.HasPrefix(s.Message.Message, "This status is being reported by the Guest Agent"),
	}
	for _, sub := range s.Substatus {
		h.Extension.Substatus = append(h.Extension.Substatus,
			agent.Substatus{Name: sub.Name, State: sub.Status, Code: sub.Code, Message: sub.Message.Message})
	}
	return h
}
