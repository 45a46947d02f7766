package load

import (
	"encoding/json"
	"errors"
	"fmt"
)

// checkHandshake reads the data of a handshake's answer. Without a token nothing
// in it matters.
func checkHandshake(data []byte, token string) error {
	if token == "" {
		return nil
	}
	var answer struct {
		IsAuthenticated bool
		AuthError       struct{ Name, Message string }
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return fmt.Errorf("the handshake was answered with %s", clip(string(data)))
	}
	switch {
	case answer.IsAuthenticated:
		return nil
	case answer.AuthError.Name != "":
		return fmt.Errorf("the server does not accept the token: %s: %s", answer.AuthError.Name, answer.AuthError.Message)
	}
	return errors.New("the server does not accept the token")
}
