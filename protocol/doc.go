// Package protocol is the language of SocketCluster's AG protocol: packets,
// call ids, JSON payloads that are passed on without being decoded, errors as
// they cross the wire, close codes, and the interface of codecs.
//
//	p := protocol.Parse(message)
//	switch p.Kind {
//	case protocol.KindInvoke:
//		var in []float64
//		if err := p.Data.Decode(&in); err != nil {
//			return protocol.AppendError(nil, p.ID, protocol.Dehydrate(err))
//		}
//		out, _ := protocol.Encode(sum(in))
//		return protocol.AppendReply(nil, p.ID, out)
//	case protocol.KindBatch:
//		for e := range p.Elements() { … }
//	}
//
// JSON text is the one internal form of packets and payloads; other forms on
// the wire are transcoded at the border by a Codec (see package minbin).
//
// # Concurrency
//
// Nothing here has state: every function may be called from many goroutines at
// once. Packets and Data alias the message they were read from, which must not
// be changed while they are in use; Clone takes them out of it.
//
// # Departures from the reference
//
//   - A message nested deeper than MaxDepth is raw; the reference has no limit.
//   - Payloads go through unchanged where the reference parses and prints them
//     again: white space, the spelling of numbers and escapes, doubled keys
//     inside and the order of keys stay the sender's. Only a number too large
//     for a double becomes null, as it does there.
//   - {"type":"Buffer","data":[…]} stays what it is; the reference rewrites it.
//
// # Strings
//
// JavaScript's strings may hold half of a surrogate pair. In event and channel
// names such a half is kept as the three bytes that UTF-8 would have for it
// (known as WTF-8), and AppendString writes it back as the escape it came from:
// names that differ stay different.
package protocol
