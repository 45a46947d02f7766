package natsbroker

import (
	"fmt"
	"time"

	"github.com/socketcluster-go/socketcluster/channels"
)

// Joiner is an optional ability of Options.Server: that of a server in this process
// which joins those of other nodes, as package embedded's does.
type Joiner interface {
	// Joined returns how many others the server is joined with, how many it has to
	// be for the broker to count as connected, and a channel that is closed when that
	// has changed.
	Joined() (peers, needed int, changed <-chan struct{})
}

// lackEvery is how often it is said, at most, that there are too few other nodes
// while that lasts.
const lackEvery = 3 * time.Second

// watch holds the link while the server is joined with too few others, and reports
// those that are gone, until the broker is closed.
func (b *Broker) watch(server Joiner, known int) {
	remind := time.NewTicker(lackEvery)
	defer remind.Stop()
	for {
		peers, changed, lack := b.look(server)
		if peers < known {
			b.link.Report(fmt.Errorf("natsbroker: %w: joined with %d now", channels.ErrNodeLost, peers))
		}
		known = peers
		select {
		case <-changed:
			remind.Reset(lackEvery)
		case <-remind.C:
			if lack != nil {
				b.link.Failed(lack)
			}
		case <-b.link.Context().Done():
			return
		}
	}
}

// look holds the link if the server is joined with too few others, and lets it go if
// not.
func (b *Broker) look(server Joiner) (peers int, changed <-chan struct{}, lack error) {
	peers, needed, changed := server.Joined()
	if peers < needed {
		lack = fmt.Errorf("natsbroker: joined with %d other nodes, needs %d", peers, needed)
	}
	b.link.Hold(lack)
	return peers, changed, lack
}
