package agserver

import "github.com/socketcluster-go/socketcluster/protocol"

// onResponse handles the client's answer to a call of the server's:
//
//	{"rid": number, "data": any} or {"rid": number, "error": any}
//
// An answer that nobody waits for (any more) is dropped. As in the reference, an
// error that JavaScript takes for false counts as success.
func (s *Socket) onResponse(p *protocol.Packet) {
	id, ok := p.ID.Int()
	if !ok {
		return
	}
	s.mu.Lock()
	call := s.callsLocked().take(id)
	s.mu.Unlock()
	if call == nil {
		return
	}
	if p.Error.Exists() && !p.Error.Falsy() {
		call.done <- callResult{err: protocol.Hydrate(p.Error.Clone())}
		return
	}
	call.done <- callResult{data: p.Data.Clone()}
}
