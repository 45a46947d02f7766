package main

import (
	"bytes"
	"compress/flate"
	"io"
	"strings"
)

// deflateTail ends the compressed data of every message; RFC 7692 takes it off
// the wire. The final empty block behind it makes the reader end cleanly.
const deflateTail = "\x00\x00\xff\xff\x01\x00\x00\xff\xff"

// maxWindow is the largest history that a deflate stream refers to.
const maxWindow = 32 << 10

// An inflater restores the compressed messages of one connection.
type inflater struct {
	keep    bool // the server keeps its context between messages
	history []byte
}

// newInflater follows the server's answer in Sec-WebSocket-Extensions.
func newInflater(extensions string) *inflater {
	return &inflater{keep: !strings.Contains(extensions, "server_no_context_takeover")}
}

func (i *inflater) inflate(message []byte) ([]byte, error) {
	r := flate.NewReaderDict(io.MultiReader(bytes.NewReader(message), strings.NewReader(deflateTail)), i.history)
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if i.keep {
		i.history = append(i.history, text...)
		i.history = i.history[max(0, len(i.history)-maxWindow):]
	}
	return text, nil
}

// deflate compresses one message with a context of its own.
func deflate(text string) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err == nil {
		err = w.Flush()
	}
	if err != nil { // a bytes.Buffer takes everything
		panic(err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte(deflateTail[:4]))
}
