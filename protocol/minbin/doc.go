// Package minbin is the codec of sc-codec-min-bin 3.0.0: packets as
// MessagePack, with publishes, other events and answers under one-letter keys
// as short arrays.
//
//	srv := agserver.New(&agserver.Options{Codec: minbin.Codec{}})
//	c, err := agclient.Dial(ctx, url, &agclient.Options{Codec: minbin.Codec{}})
//
//	{"event":"#publish","data":{"channel":c,"data":d},"cid":n}   {"p":[c,d,n]}
//	{"event":e,"data":d,"cid":n}                                 {"e":[e,d,n]}
//	{"rid":n,"error":x,"data":d}                                 {"r":[n,x,d]}
//
// Bytes (an ArrayBuffer in JavaScript) are MessagePack's bin on the wire and
// {"base64":true,"data":"…"}, which is protocol.Binary, in JSON.
//
// A Codec has no state and may be used by many goroutines at once.
//
// # What the form cannot say
//
// Arrays have no holes: an event or an answer without data arrives with null for
// data, and an answer without an error with null for error. This is the
// reference's doing.
//
// # Departures from the reference
//
//   - Members of a packet that mean nothing to the protocol are dropped.
//   - A map that is exactly {"base64":true,"data":base64} goes out as bin,
//     whoever made it.
//   - An extension value arrives as {"buffer":bytes,"type":n}, which is how the
//     reference would print it, and is passed on as that map.
//   - Infinity and NaN become null, as in JSON.
//   - Bytes in a string that are not UTF-8 become U+FFFD, where msgpack-lite
//     reads on through them, beyond the end of the string if need be. Half a
//     surrogate pair goes out as U+FFFD, as from Node.
//   - Text in the place of a short form's array counts as an empty array, where
//     JavaScript takes its characters for elements.
//   - A #kickOut without a message has none, where the reference sends null.
//   - A map with an array, a map or bytes for a key is refused, and so is
//     nesting beyond protocol.MaxDepth. "__proto__" is a key like any other.
package minbin
