package control_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"docker-extension/test/fabric/azure"
	"docker-extension/test/fabric/control"
	"docker-extension/test/harness/agent"
)

// served gives a fabric and a client that reaches it over a socket.
func served(t *testing.T) (*azure.Fabric, *control.Client) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("the fabric encrypts with openssl:", err)
	}
	fabric, err := azure.New(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := control.Listen(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- control.Serve(ctx, listener, fabric) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return fabric, control.Dial(socket)
}

func TestChanges(t *testing.T) {
	fabric, client := served(t)
	ctx := t.Context()
	if err := client.Publish(ctx, "A.B", agent.Package{Version: "1.0.0", Zip: []byte("zip")}); err != nil {
		t.Fatal(err)
	}
	for i, change := range []azure.Change{
		{Version: "1.0.0", Public: json.RawMessage(`{"a": 1}`), Protected: json.RawMessage(`{"b": 2}`), Level: 1, DependsOn: []string{"C.D"}},
		{Version: "1.1.0"},
		{Public: json.RawMessage(`{}`)},
		{State: azure.Uninstall},
	} {
		if number, err := client.Apply(ctx, "A.B", change); err != nil || number != i+2 {
			t.Errorf("change %d: goal state %d, %v", i, number, err)
		}
	}
	goal, err := client.Goal(ctx)
	if err != nil || goal.Number != 5 || len(goal.Extensions) != 1 {
		t.Fatalf("got %+v, %v", goal, err)
	}
	e := goal.Extensions[0]
	if e.Version != "1.1.0" || e.Seq != 1 || e.State != azure.Uninstall || e.Level != 1 || e.Settings.Protected != nil {
		t.Errorf("got %+v", e)
	}
	if number, err := client.Next(ctx); err != nil || number != 6 {
		t.Errorf("next: %d, %v", number, err)
	}
	if number, err := client.Drop(ctx, "A.B"); err != nil || number != 7 || len(fabric.Extensions()) != 0 {
		t.Errorf("drop: %d, %v, %v left", number, err, fabric.Extensions())
	}
}

func TestFaultsAndUploads(t *testing.T) {
	fabric, client := served(t)
	ctx := t.Context()
	upload := func() {
		request := httptest.NewRequestWithContext(ctx, http.MethodPut, "/status/x", strings.NewReader(`{"aggregateStatus": {}}`))
		fabric.WireServer().ServeHTTP(httptest.NewRecorder(), request)
	}
	if none, err := client.Newest(ctx, 0, time.Nanosecond); err != nil || none != nil {
		t.Errorf("before the first: %+v, %v", none, err)
	}
	upload()
	upload()
	if newest, err := client.Newest(ctx, 0, time.Minute); err != nil || newest.Number != 2 {
		t.Errorf("got %+v, %v", newest, err)
	}
	if err := client.SetFaults(ctx, azure.Faults{LoseStatus: true}); err != nil {
		t.Error(err)
	}
	if upload(); fabric.Mark() != 2 {
		t.Error("an upload was not lost")
	}
	if err := client.OfferVMSettings(ctx, true); err != nil {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	_, client := served(t)
	if _, err := client.Apply(t.Context(), "A.B", azure.Change{Public: json.RawMessage(`{`)}); err == nil {
		t.Error("settings that are not JSON were taken")
	}
	if _, err := control.Dial(filepath.Join(t.TempDir(), "none")).Goal(t.Context()); err == nil || !strings.Contains(err.Error(), "fabric serve") {
		t.Errorf("without a fabric: %v", err)
	}
}
