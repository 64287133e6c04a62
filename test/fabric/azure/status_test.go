package azure_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/harness/agent"
)

// blob is what agent 2.12 uploads, shortened.
const blob = `{"version": "1.1", "timestampUTC": "2024-05-01T00:00:00Z", "aggregateStatus": {
  "guestAgentStatus": {"version": "2.12.0.2", "status": "Ready", "formattedMessage": {"lang": "en-US", "message": "Guest Agent is running"}},
  "handlerAggregateStatus": [
    {"handlerVersion": "1.0.0", "handlerName": "A.B", "status": "Ready", "code": 0, "useExactVersion": true,
     "formattedMessage": {"lang": "en-US", "message": "Plugin enabled"},
     "runtimeSettingsStatus": {"sequenceNumber": 3, "settingsStatus": {"version": 1.0, "timestampUTC": "2024-05-01T00:00:00Z", "status": {
       "name": "A.B", "operation": "Enable", "status": "transitioning", "code": 0, "formattedMessage": {"lang": "en-US", "message": "half way"},
       "substatus": [{"name": "packages", "status": "success", "code": 0, "formattedMessage": {"lang": "en-US", "message": "done"}}]}}}},
    {"handlerVersion": "2.0", "handlerName": "C.D", "status": "NotReady", "code": 1007, "formattedMessage": {"lang": "en-US", "message": "no"}}],
  "vmArtifactsAggregateStatus": {"goalStateAggregateStatus": {"inSvdSeqNo": "12", "status": "Success", "code": 0}}}}`

func TestParseUpload(t *testing.T) {
	upload, err := azure.ParseUpload([]byte(blob))
	if err != nil || upload.Goal != 12 || upload.AgentVersion != "2.12.0.2" || len(upload.Handlers) != 2 {
		t.Fatalf("got %+v, %v", upload, err)
	}
	h, _ := upload.Handler("A.B")
	if h.Status != "Ready" || h.Seq != 3 || h.Extension.State != agent.Transitioning || h.Extension.Message != "half way" ||
		len(h.Extension.Substatus) != 1 || h.Extension.Substatus[0].Name != "packages" {
		t.Errorf("got %+v", h)
	}
	if h, _ := upload.Handler("C.D"); h.Code != 1007 || h.Extension != nil {
		t.Errorf("got %+v", h)
	}
	if _, ok := upload.Handler("E.F"); ok {
		t.Error("a handler that is not there was found")
	}
}

func FuzzParseUpload(f *testing.F) {
	f.Add([]byte(blob))
	f.Add([]byte(`{"aggregateStatus": {"vmArtifactsAggregateStatus": {"goalStateAggregateStatus": {"inSvdSeqNo": 1e9}}}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		upload, err := azure.ParseUpload(content)
		if err == nil && !json.Valid(content) {
			t.Errorf("no JSON, and read as %+v", upload)
		}
	})
}

// wrapped is the blob as the agent gives it to the host.
func wrapped() string {
	return `{"requestUri": "http://x", "headers": [], "content": "` + base64.StdEncoding.EncodeToString([]byte(blob)) + `"}`
}

func TestUploadsComeOverBothWays(t *testing.T) {
	fabric := newFabric(t)
	host := func() int { return ask(t, fabric.HostPlugin(), "PUT", "/status", wrapped()).Code }
	direct := func() int { return ask(t, fabric.WireServer(), "PUT", "/status/vm.status?sig=x", blob).Code }
	if host() != http.StatusOK || direct() != http.StatusCreated || fabric.Mark() != 2 {
		t.Errorf("%d uploads came", fabric.Mark())
	}
	fabric.SetFaults(azure.Faults{LoseStatus: true})
	if host() != http.StatusBadGateway || direct() != http.StatusBadGateway || fabric.Mark() != 2 {
		t.Errorf("%d uploads came, and the last were to be lost", fabric.Mark())
	}
	if code := ask(t, fabric.HostPlugin(), "PUT", "/status", "no JSON").Code; code != http.StatusBadRequest {
		t.Errorf("no JSON: %d", code)
	}
}

func TestAwait(t *testing.T) {
	fabric := newFabric(t)
	third := func(u azure.Upload) bool { return u.Number == 3 }
	came := make(chan error, 1)
	go func() {
		_, err := fabric.Await(t.Context(), 0, third)
		came <- err
	}()
	for range 3 {
		ask(t, fabric.HostPlugin(), "PUT", "/status", wrapped())
	}
	if err := <-came; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if last, err := fabric.Await(ctx, 3, third); !errors.Is(err, context.DeadlineExceeded) || last.Number != 0 {
		t.Errorf("an upload from before: %d, %v", last.Number, err)
	}
}

func TestVMSettings(t *testing.T) {
	fabric := newFabric(t)
	file, err := agent.Settings{Public: json.RawMessage(`{"a": 1}`), Protected: json.RawMessage(`{"b": 2}`)}.Seal(t.Context(), fabric.Tenant())
	if err != nil {
		t.Fatal(err)
	}
	ours := azure.Extension{Name: "A.B", Version: "1.0", Seq: 4, Settings: &file, Level: 1, DependsOn: []string{"C.D"}}
	fabric.Set(ours)
	if answer := ask(t, fabric.HostPlugin(), "GET", "/vmSettings", ""); answer.Code != http.StatusNotFound {
		t.Errorf("not offered: %d", answer.Code)
	}
	fabric.OfferVMSettings(true)
	wantVMSettings(t, fabric, "Fabric", 2)
	before := poll(t, fabric).Incarnation
	fabric.SetFast(ours)
	etag := wantVMSettings(t, fabric, "FastTrack", 3)
	if answer := ask(t, fabric.HostPlugin(), "GET", "/vmSettings", "", "if-none-match", etag); answer.Code != http.StatusNotModified {
		t.Errorf("the same again: %d", answer.Code)
	}
	if now := poll(t, fabric).Incarnation; now != before {
		t.Errorf("the incarnation went from %d to %d", before, now)
	}
	if fabric.Next(); poll(t, fabric).Incarnation != 4 {
		t.Error("the next incarnation is not newer than the vmSettings")
	}
	wantVMSettings(t, fabric, "Fabric", 4)
}

func wantVMSettings(t *testing.T, fabric *azure.Fabric, source string, number int) (etag string) {
	t.Helper()
	answer := ask(t, fabric.HostPlugin(), "GET", "/vmSettings", "")
	var document struct {
		Source     string `json:"extensionGoalStatesSource"`
		Number     int    `json:"inSvdSeqNo"`
		Extensions []struct {
			Seq      int `json:"settingsSeqNo"`
			Settings []struct {
				Public, Protected string
				PublicSettings    string `json:"publicSettings"`
				ProtectedSettings string `json:"protectedSettings"`
			} `json:"settings"`
		} `json:"extensionGoalStates"`
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &document); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	if document.Source != source || document.Number != number || len(document.Extensions) != 1 {
		t.Fatalf("got %s, want %s number %d", answer.Body, source, number)
	}
	settings := document.Extensions[0].Settings
	if document.Extensions[0].Seq != 4 || len(settings) != 1 || settings[0].PublicSettings != `{"a": 1}` || settings[0].ProtectedSettings == "" {
		t.Errorf("got %s", answer.Body)
	}
	return answer.Header().Get("ETag")
}
