package engine_test

import (
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

func TestEngine_Echo(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.dial()
		p.text("hello")
		p.want("hello")
		p.write(closeFrame(4001, "bye"))
		p.wantClose(4001, "bye")
		p.wantEOF()
		told.wait(t, `open; message hello; closed 4001 "bye"`)
	})
}

func TestEngine_PipelinedFrames(t *testing.T) {
	backends(t, func(t *testing.T, portable bool) {
		h, told := recorder()
		s := serve(t, h, engine.Config{Portable: portable}, nil)
		p := s.tcp()
		b := []byte(requestText())
		for _, m := range []string{"1", "2", strings.Repeat("3", 300)} {
			b = append(b, masked(ws.OpText, m)...)
		}
		p.write(append(b, closeFrame(1000, "")...))
		p.upgraded()
		p.want("1")
		p.want("2")
		p.want(strings.Repeat("3", 300))
		p.wantClose(1000, "")
		p.wantEOF()
		told.wait(t, `open; message 1; message 2; message `+strings.Repeat("3", 300)+`; closed 1000 ""`)
	})
}
