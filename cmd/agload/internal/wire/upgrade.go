package wire

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
)

// key is the same for all connections: what it proves, that the peer speaks
// WebSocket, is proved by one answer as well as by a thousand.
const (
	key    = "c29ja2V0Y2x1c3RlciBnbw=="
	keyEnd = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
)

// AppendUpgrade appends the request that opens a WebSocket.
func AppendUpgrade(b []byte, target, host string) []byte {
	return fmt.Appendf(b, "GET %s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", target, host, key)
}

// UpgradeError is an answer that opens no WebSocket.
type UpgradeError struct {
	Status string // the first line
}

func (e *UpgradeError) Error() string {
	return fmt.Sprintf("the upgrade to WebSocket was answered with %q", e.Status)
}

var accept = func() string {
	sum := sha1.Sum([]byte(key + keyEnd))
	return base64.StdEncoding.EncodeToString(sum[:])
}()

// ParseUpgraded reads the answer to AppendUpgrade. size is its length, 0 while
// it is not complete.
func ParseUpgraded(b []byte) (size int, err error) {
	end := bytes.Index(b, []byte("\r\n\r\n"))
	if end < 0 {
		if len(b) > 64<<10 {
			return 0, &UpgradeError{Status: "a header without end"}
		}
		return 0, nil
	}
	lines := strings.Split(string(b[:end]), "\r\n")
	if !strings.HasPrefix(lines[0], "HTTP/1.1 101") {
		return 0, &UpgradeError{Status: lines[0]}
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		if strings.EqualFold(name, "Sec-WebSocket-Accept") && strings.TrimSpace(value) == accept {
			return end + 4, nil
		}
	}
	return 0, &UpgradeError{Status: lines[0] + ", but with a wrong Sec-WebSocket-Accept"}
}
