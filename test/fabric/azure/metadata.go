package azure

import "net/http"

// Metadata gives the handler for the instance metadata service.
func (f *Fabric) Metadata() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata/instance/{part...}", f.instanceMetadata)
	return mux
}

// instanceMetadata answers for a VM of no particular kind. The header keeps a forwarded request from
// being answered, as in Azure.
func (f *Fabric) instanceMetadata(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Metadata") != "true" {
		http.Error(w, `{"error": "Bad request. Required metadata header not specified"}`, http.StatusBadRequest)
		return
	}
	compute := map[string]any{
		"azEnvironment": "AzurePublicCloud", "location": "westeurope", "name": "docker-extension-test", "osType": "Linux",
		"offer": "debian-12", "publisher": "Debian", "sku": "12", "version": "0.0.1", "provider": "Microsoft.Compute",
		"resourceGroupName": "docker-extension-test", "subscriptionId": containerID, "vmId": containerID, "vmSize": "Standard_D2s_v3",
		"resourceId":           "/subscriptions/" + containerID + "/resourceGroups/docker-extension-test/providers/Microsoft.Compute/virtualMachines/docker-extension-test",
		"placementGroupId":     "",
		"platformFaultDomain":  "0",
		"platformUpdateDomain": "0",
		"tags":                 "", "vmScaleSetName": "", "zone": "",
	}
	switch r.PathValue("part") {
	case "compute":
		writeJSON(w, compute)
	case "":
		writeJSON(w, map[string]any{"compute": compute})
	default:
		http.NotFound(w, r)
	}
}
