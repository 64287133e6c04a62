package docker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"docker-extension/internal/fault"
	"docker-extension/internal/state"
)

// proveWithin bounds the engine's talk with a registry. It tries several ways itself.
const proveWithin = 90 * time.Second

// Prove has the engine ask a registry whether it takes an account (POST /auth). The password goes over
// the engine's socket and nowhere else. An error is a fault with code fault.Login and the registry's own
// words.
func (e Engine) Prove(ctx context.Context, account state.Account) error {
	ctx, cancel := context.WithTimeout(ctx, proveWithin)
	defer cancel()
	body, err := json.Marshal(map[string]string{
		"username": account.Username, "password": account.Password.Reveal(), "serveraddress": account.Server,
	})
	if err != nil {
		return fault.New(fault.Internal, "", "", "cannot encode an account")
	}
	err = e.do(ctx, http.MethodPost, "/auth", body)
	if err == nil {
		return nil
	}
	what, hint := account.Server, "let the VM reach "+account.Server+", or correct server in login"
	// Of a registry without tokens the engine says 500, and the registry's answer in words.
	refused := statusOf(err) == http.StatusUnauthorized || strings.Contains(err.Error(), "401 Unauthorized")
	if refused {
		hint = "correct username and password of " + account.Server + " in login"
	}
	if account.Server == state.DockerHub {
		what, hint = atHub(refused)
	}
	var answer *answerError
	if errors.As(err, &answer) {
		err = errors.New(answer.message)
	}
	return fault.New(fault.Login, "protectedSettings.login", hint, "cannot log in to %s: %w", what, err)
}

// atHub names Docker Hub as people do, and says why it is asked: who has left out the server does not know.
func atHub(refused bool) (what, hint string) {
	const other = ", or name the registry that the account is for as server in login"
	if refused {
		return "Docker Hub, which a login without server is for", "correct username and password of Docker Hub" + other
	}
	return "Docker Hub, which a login without server is for", "let the VM reach Docker Hub" + other
}
