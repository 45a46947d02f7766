package authtoken

import (
	"errors"

	"github.com/socketcluster-go/socketcluster/protocol"
)

type options []option

type option struct {
	key   string
	value any
}

var errPending = errors.New("authtoken: not there yet")

func newKeys(KeyOptions) (Keys, error)                             { return Keys{}, errPending }
func parseSignOptions(protocol.Data) SignOptions                   { return SignOptions{} }
func signedText(protocol.Data) (string, error)                     { return "", errPending }
func toError(error) *protocol.Error                                { return nil }
func isBadToken(error) bool                                        { return false }
func (o SignOptions) resolve(SignOptions, any) (SignOptions, bool) { return o, false }
func (j JWT) sign(any, *Key, *SignOptions) (Token, error)          { return Token{}, errPending }
func (j JWT) verify(string, *Key, *VerifyOptions) (Claims, error)  { return nil, errPending }
