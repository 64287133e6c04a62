package docker

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// Version gives the engine's version, "26.1.5+dfsg1". It is read off the header of a ping
// ("Server: Docker/26.1.5+dfsg1 (linux)"): GET /version would make the engine run the helpers whose
// versions it lists too.
func (e Engine) Version(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	client := e.client()
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://docker/_ping", nil)
	if err != nil {
		return "", err
	}
	response, err := client.Do(request)
	if err != nil {
		return "", silent("tell its version", err)
	}
	defer response.Body.Close()
	version, ok := serverVersion(response.Header.Get("Server"))
	if !ok {
		return "", silent("tell its version", fmt.Errorf("the header is %q", response.Header.Get("Server")))
	}
	return version, nil
}

func serverVersion(header string) (string, bool) {
	product, _, _ := strings.Cut(header, " ")
	return strings.CutPrefix(product, "Docker/")
}
