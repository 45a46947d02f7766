package agclient

import "errors"

// ErrClosed is returned by every method that would use the network once Close
// was called.
var ErrClosed = errors.New("agclient: client is closed")

// ErrBufferFull is returned by Transmit, Invoke, Send, Reply and Fail when the
// message would take what waits for the network over Options.MaxBuffered.
var ErrBufferFull = errors.New("agclient: outbound buffer is full")

// ErrNotConnected is returned by what needs an open connection: Send, and
// Reply or Fail for a request whose connection has ended.
var ErrNotConnected = errors.New("agclient: not connected")

// ErrInvalidClose is returned by Disconnect and Reconnect for a code that no
// close frame may carry, or a reason of more than 123 bytes.
var ErrInvalidClose = errors.New("agclient: invalid close code or reason")

// ErrInvalidURL is returned by New and Dial for an address that is no ws or wss
// URL.
var ErrInvalidURL = errors.New("agclient: invalid URL")
