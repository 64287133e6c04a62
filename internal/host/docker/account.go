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
	hint := "let the VM reach " + account.Server + ", or correct server in login"
	// Of a registry without tokens the engine says 500, and the registry's answer in words.
	if statusOf(err) == http.StatusUnauthorized || strings.Contains(err.Error(), "401 Unauthorized") {
		hint = "correct username and password of " + account.Server + " in login"
	}
	var answer *answerError
	if errors.As(err, &answer) {
		err = errors.New(answer.message)
	}
	return fault.New(fault.Login, "protectedSettings.login", hint, "cannot log in to %s: %w", account.Server, err)
}
