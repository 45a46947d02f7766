package agserver_test

import (
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// What a call takes of the server's own code, from the bytes of its frame to those
// of its answer's: 256 calls come with a read and their answers leave with a send,
// so that the system and the client have little share in it. With one core (-cpu 1)
// it is steady to some percent.
func BenchmarkCall(b *testing.B) {
	for _, call := range []struct{ name, data string }{
		{"Object", `{"t":"~0001000004d20000018bcfe56800","p":"` + strings.Repeat("x", 85) + `"}`},
		{"Number", `5`},
		{"Text", `"` + strings.Repeat("ü", 63) + `"`},
		{"Long", `"` + strings.Repeat("x", 2000) + `"`},
	} {
		b.Run(call.name, func(b *testing.B) {
			_, l := loaded(b, loadOptions(), "", nil, func(_ testing.TB, _ *agserver.Server, open func() *player) *load {
				l := &load{ops: 256, players: []*player{open()}}
				for i := range l.ops {
					l.players[0].sends(1, `{"event":"echo","data":%s,"cid":%d}`, call.data, 1000+i)
				}
				return l
			})
			l.measure(b)
		})
	}
}
