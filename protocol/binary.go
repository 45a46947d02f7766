package protocol

import (
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Binary is bytes as the JSON codec of the reference writes a Buffer:
// {"base64":true,"data":"…"}. The binary codecs carry exactly this form as
// bytes.
type Binary []byte

// MarshalJSON returns {"base64":true,"data":"…"}, null for nil.
func (b Binary) MarshalJSON() ([]byte, error) {
	if b == nil {
		return []byte("null"), nil
	}
	return b.AppendJSON(nil), nil
}

// AppendJSON appends {"base64":true,"data":"…"}.
func (b Binary) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"base64":true,"data":"`...)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	return append(dst, '"', '}')
}

// UnmarshalJSON reads {"base64":true,"data":"…"}, with or without the padding;
// anything else but null is an InvalidArgumentsError.
func (b *Binary) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	var in struct {
		Base64 bool   `json:"base64"`
		Data   string `json:"data"`
	}
	if err := json.Unmarshal(text, &in); err != nil || !in.Base64 {
		return ErrInvalidArguments.Withf("The data is not binary")
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(in.Data, "="))
	if err != nil {
		return ErrInvalidArguments.Withf("The data is not binary")
	}
	*b = raw
	return nil
}
