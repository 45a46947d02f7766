package main

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// windowSize is the largest window that DEFLATE has.
const windowSize = 1 << 15

// scanned is of how many messages a connection's window is checked: looking at
// each distance takes longer than inflating.
const scanned = 16

// A deflation is the client's end of permessage-deflate on one connection.
type deflation struct {
	out        bytes.Buffer
	w          *flate.Writer
	keeps      bool // our window goes on from message to message
	in         bytes.Reader
	r          io.ReadCloser
	serverBits int    // of the server's window
	window     []byte // nil = the server begins each message with an empty one
	takeover   bool   // it does not
	seen       int    // compressed messages that were read
}

// newDeflation makes the client's end of what the server answered; nil, if it did
// not take up the offer.
func newDeflation(offer, answer string) (*deflation, error) {
	if answer == "" {
		return nil, nil
	}
	name, rest, _ := strings.Cut(answer, ";")
	if strings.TrimSpace(name) != "permessage-deflate" {
		return nil, fmt.Errorf("the extension %q was not offered", answer)
	}
	d := &deflation{serverBits: 15, keeps: true, takeover: true}
	for param := range strings.SplitSeq(rest, ";") {
		name, value, valued := strings.Cut(strings.TrimSpace(param), "=")
		bits, err := strconv.Atoi(value)
		switch {
		case name == "" && rest == "":
		case name == "server_no_context_takeover" && !valued:
			d.takeover = false
		case name == "client_no_context_takeover" && !valued:
			d.keeps = false
		case name == "server_max_window_bits" && err == nil && 8 <= bits && bits <= 15:
			d.serverBits = bits
		default:
			// client_max_window_bits is one of them: our compressor has one window.
			return nil, fmt.Errorf("the answer %q has the parameter %q", answer, param)
		}
	}
	if err := kept(offer, d); err != nil {
		return nil, fmt.Errorf("the answer %q: %w", answer, err)
	}
	d.w, _ = flate.NewWriter(&d.out, flate.BestSpeed) // that level exists
	d.r = flate.NewReader(&d.in)
	return d, nil
}

// kept checks that the answer does what an offer asks.
func kept(offers string, d *deflation) error {
	var err error
	for offer := range strings.SplitSeq(offers, ",") {
		if err = keptOne(offer, d); err == nil {
			return nil
		}
	}
	return err
}

func keptOne(offer string, d *deflation) error {
	if strings.Contains(offer, "server_no_context_takeover") && d.takeover {
		return errors.New("server_no_context_takeover was asked for")
	}
	_, asked, ok := strings.Cut(offer, "server_max_window_bits=")
	if most, _ := strconv.Atoi(asked); ok && d.serverBits > most {
		return fmt.Errorf("server_max_window_bits=%d was asked for", most)
	}
	return nil
}

// pack compresses a message; the result is valid until the next call.
func (d *deflation) pack(message []byte) []byte {
	d.out.Reset()
	if !d.keeps {
		d.w.Reset(&d.out)
	}
	_, _ = d.w.Write(message) // writing to memory does not fail
	_ = d.w.Flush()
	packed := bytes.TrimSuffix(d.out.Bytes(), []byte("\x00\x00\xff\xff"))
	if len(packed) == 0 {
		return []byte{0}
	}
	return packed
}

// unpack inflates a message of the server's.
func (d *deflation) unpack(packed []byte) ([]byte, error) {
	whole := append(append([]byte(nil), packed...), "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)
	if d.seen++; d.seen <= scanned {
		far, err := farthest(whole)
		if err != nil {
			return nil, err
		}
		if far > 1<<d.serverBits {
			return nil, fmt.Errorf("it refers %d bytes back, in a window of %d", far, 1<<d.serverBits)
		}
	}
	d.in.Reset(whole)
	if err := d.r.(flate.Resetter).Reset(&d.in, d.window); err != nil {
		return nil, err
	}
	message, err := io.ReadAll(d.r)
	if err == nil && d.takeover {
		d.window = append(d.window, message...)
		d.window = append([]byte(nil), d.window[max(0, len(d.window)-windowSize):]...)
	}
	return message, err
}
