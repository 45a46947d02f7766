package engine_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/engine"
)

// The body of a request has six times the UpgradeTimeout; an answer has all the time
// it wants, once the body is there.
func TestServe_SlowBody(t *testing.T) {
	const limit = 6 * 500 * time.Millisecond
	backends(t, func(t *testing.T, portable bool) {
		t.Parallel() // most of it is waiting
		read := make(chan error, 1)
		other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start := time.Now()
			_, err := io.ReadAll(r.Body)
			read <- err
			if err != nil {
				return
			}
			select {
			case <-r.Context().Done():
				t.Errorf("the request has ended after %v: %v", time.Since(start), r.Context().Err())
			case <-time.After(limit + 300*time.Millisecond):
			}
			_, _ = io.WriteString(w, "late")
		})
		s := serve(t, &handler{}, engine.Config{Portable: portable, UpgradeTimeout: limit / 6}, other)
		awaitRead := func() error {
			t.Helper()
			select {
			case err := <-read:
				return err
			case <-time.After(deadline):
				t.Fatal("the body is neither read nor given up")
				return nil
			}
		}
		whole := s.tcp()
		head := "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
		whole.write([]byte(head + "body"))
		if err := awaitRead(); err != nil {
			t.Errorf("ReadAll() = %v, want nil", err)
		}
		res, err := http.ReadResponse(whole.r, nil)
		if err != nil {
			t.Fatalf("ReadResponse() = %v", err)
		}
		if text, err := io.ReadAll(res.Body); string(text) != "late" || err != nil {
			t.Errorf("the answer is %q, %v", text, err)
		}
		part := s.tcp()
		part.write([]byte(head + "bo"))
		if err := awaitRead(); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("ReadAll() of half a body = %v, want that time is up", err)
		}
	})
}
