package engine

// Deflate configures permessage-deflate (RFC 7692). It is negotiated without
// context takeover in both directions, whatever the client offers: a window
// per idle socket would cost more than everything else a socket holds.
type Deflate struct {
	// Threshold is the payload size in bytes below which a message is sent
	// as it is. 0 = 1024, as `ws`; negative = everything is compressed.
	Threshold int
	// Level is the compression level, 1 (fast) to 9 (small). 0 = 1.
	Level int
}
