package agclient

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// readStep is how much is allocated at a time for a message whose announced
// length may be a lie, in bytes.
const readStep = 1 << 20

// peerClosed is the server's close frame.
type peerClosed struct {
	code   protocol.CloseCode // CloseNoStatus if it had none
	reason string
}

func (e *peerClosed) Error() string {
	return fmt.Sprintf("agclient: closed with %d %s", e.code, e.reason)
}

func (e *peerClosed) ending() ending { return ending{code: e.code, reason: e.reason} }

// frameError is a frame that breaks the rules of WebSocket. code is what the
// server is told; the events say 1006, as the reference's do.
type frameError struct {
	code protocol.CloseCode
	err  error
}

func (e *frameError) Error() string { return "agclient: " + e.err.Error() }
func (e *frameError) Unwrap() error { return e.err }

var (
	errTooBig = errors.New("message over the limit")
	errUTF8   = errors.New("text is not UTF-8")
)

// frameReader reads messages from frames. It is used by one goroutine.
type frameReader struct {
	r     *bufio.Reader
	limit int64 // of a message in bytes; 0 means none
	ping  func(payload []byte)
}

// next returns the next message in memory of its own, answering pings on the
// way. It returns *peerClosed, *frameError, or the connection's error.
func (f *frameReader) next() (message []byte, binary bool, err error) {
	state := ws.StateClientSide
	for {
		h, err := ws.ReadHeader(f.r)
		if err != nil {
			return nil, false, headerError(err)
		}
		if err := checkHeader(h, state); err != nil {
			return nil, false, &frameError{protocol.CloseProtocolError, err}
		}
		if h.OpCode.IsControl() {
			if err := f.control(h); err != nil {
				return nil, false, err
			}
			continue
		}
		if f.limit > 0 && h.Length > f.limit-int64(len(message)) { // their sum could overflow
			return nil, false, &frameError{protocol.CloseTooBig, errTooBig}
		}
		if h.OpCode != ws.OpContinuation {
			binary = h.OpCode == ws.OpBinary
		}
		if message, err = f.payload(message, h.Length); err != nil {
			return nil, false, err
		}
		if !h.Fin {
			state = state.Set(ws.StateFragmented)
			continue
		}
		if !binary && !utf8.Valid(message) {
			return nil, false, &frameError{protocol.CloseBadPayload, errUTF8}
		}
		return message, binary, nil
	}
}

func (f *frameReader) control(h ws.Header) error {
	payload, err := f.payload(nil, h.Length)
	if err != nil {
		return err
	}
	switch h.OpCode {
	case ws.OpPing:
		f.ping(payload)
	case ws.OpClose:
		return readClose(payload)
	}
	return nil // a pong that nobody asked for
}

func readClose(payload []byte) error {
	if len(payload) == 0 {
		return &peerClosed{code: protocol.CloseNoStatus}
	}
	if len(payload) == 1 {
		return &frameError{protocol.CloseProtocolError, errors.New("close frame of one byte")}
	}
	status, reason := ws.ParseCloseFrameData(payload)
	code := protocol.CloseCode(status)
	switch {
	case !code.Sendable():
		return &frameError{protocol.CloseProtocolError, fmt.Errorf("close frame with code %d", code)}
	case !utf8.ValidString(reason):
		return &frameError{protocol.CloseBadPayload, errUTF8}
	}
	return &peerClosed{code, reason}
}

// payload appends n bytes from the connection to dst.
func (f *frameReader) payload(dst []byte, n int64) ([]byte, error) {
	for n > 0 {
		step := int(min(n, readStep))
		start := len(dst)
		if dst == nil {
			dst = make([]byte, step)
		} else {
			dst = append(dst, make([]byte, step)...)
		}
		if _, err := io.ReadFull(f.r, dst[start:]); err != nil {
			return nil, unexpected(err)
		}
		n -= int64(step)
	}
	return dst, nil
}

// checkHeader is ws.CheckHeader for a client that has negotiated no extension.
func checkHeader(h ws.Header, state ws.State) error {
	if h.Masked {
		return ws.ErrProtocolMaskUnexpected
	}
	return ws.CheckHeader(h, state)
}

// headerError tells what the server got wrong from what the network did.
func headerError(err error) error {
	if errors.Is(err, ws.ErrHeaderLengthMSB) || errors.Is(err, ws.ErrHeaderLengthUnexpected) {
		return &frameError{protocol.CloseProtocolError, err}
	}
	return unexpected(err)
}

// unexpected returns io.ErrUnexpectedEOF for an end without a close frame.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
