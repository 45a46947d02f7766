package sccbroker

import (
	"crypto/md5"
	"encoding/hex"
)

// Simple is scc-broker-client's mapping engine "simple": the channel's MD5 modulo
// the number of brokers. Nearly every channel moves when that changes.
type Simple struct{}

// Map implements Mapper.
func (Simple) Map(uris []string) func(channel string) string {
	return func(channel string) string {
		if len(uris) == 0 {
			return ""
		}
		sum := md5.Sum([]byte(channel))
		return uris[hashIndex(hex.EncodeToString(sum[:]), len(uris))]
	}
}
