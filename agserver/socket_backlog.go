package agserver

import (
	"github.com/socketcluster-go/socketcluster/channels/stream"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// checkBacklog counts a message that was given to a stream of which waiting messages
// wait now, and closes a socket whose client sends faster than they are consumed.
func (s *Socket) checkBacklog(sizes *stream.Sizes, name string, size, waiting int) {
	bytes := sizes.Add(name, size, waiting)
	o := &s.srv.opt
	if o.MaxStreamBacklog > 0 && waiting > o.MaxStreamBacklog || o.MaxStreamBytes > 0 && bytes > o.MaxStreamBytes && waiting > 1 {
		s.emitError(protocol.ErrResourceLimit.Withf(
			"Socket %s sent more than is consumed: %d messages of %d bytes wait", s.ID(), waiting, bytes))
		s.closeWith(protocol.ClosePolicyViolation, "")
	}
}
