package agclient_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agclient"
)

func TestClient_TokenStoreErrors(t *testing.T) {
	t.Run("Load", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			broken := errors.New("broken")
			c := f.client(agclient.Options{TokenStore: &failingStore{load: broken}, ReconnectDisabled: true})
			failed := c.Events().Error.Consume()
			c.Connect()
			p := f.accept()
			p.expectClose(4003, "")
			if ev, _ := failed.TryNext(); !errors.Is(ev.Error, broken) {
				t.Errorf("Error = %v, want %v", ev.Error, broken)
			}
		})
	})

	t.Run("SaveAndRemove", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			unsaved, unremoved := errors.New("unsaved"), errors.New("unremoved")
			c, p := f.connected(agclient.Options{TokenStore: &failingStore{save: unsaved, remove: unremoved}})
			failed := c.Events().Error.Consume()
			p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
			if ev, _ := failed.Next(t.Context()); !errors.Is(ev.Error, unsaved) {
				t.Errorf("Error = %v, want %v", ev.Error, unsaved)
			}
			if got := c.AuthState(); got != agclient.Authenticated {
				t.Errorf("AuthState() = %v, want authenticated none the less", got)
			}
			p.write(`{"event":"#removeAuthToken"}`)
			if ev, _ := failed.Next(t.Context()); !errors.Is(ev.Error, unremoved) {
				t.Errorf("Error = %v, want %v", ev.Error, unremoved)
			}
		})
	})
}

func TestClient_SlowTokenStore(t *testing.T) {
	t.Run("DoesNotHoldUpTheReader", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			store := &slowStore{}
			c, p := f.connected(agclient.Options{TokenStore: store})
			data := c.Receiver("after").Consume()
			start := time.Now()
			p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
			p.write(`{"event":"after"}`)
			data.Next(t.Context())
			if got := time.Since(start); got != 0 {
				t.Errorf("the next message came after %v", got)
			}
			// A load comes after the save before it.
			c.Reconnect(0, "")
			p = f.accept()
			p.expect(`{"event":"#handshake","data":{"authToken":"` + token(`{}`) + `"},"cid":2}`)
			if got, want := strings.Join(store.log, " "), "load save load"; got != want {
				t.Errorf("store did %s, want %s", got, want)
			}
		})
	})

	t.Run("CloseWaits", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			store := &slowStore{}
			c, p := f.connected(agclient.Options{TokenStore: store, CloseTimeout: 2500 * time.Millisecond})
			for range 4 {
				p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
			}
			synctest.Wait()
			start := time.Now()
			c.Close()
			if got := time.Since(start); got != 2500*time.Millisecond {
				t.Errorf("Close() took %v, want 2.5s", got)
			}
			if got, want := strings.Join(store.log, " "), "load save save save cut save cut"; got != want {
				t.Errorf("store did %s, want %s", got, want)
			}
		})
	})

	t.Run("Flood", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			store := &slowStore{}
			c, p := f.connected(agclient.Options{TokenStore: store, CloseTimeout: time.Hour})
			for range 200 {
				p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
			}
			synctest.Wait()
			c.Close()
			if got := len(store.log); got > 66 { // the load, the save under way, and 64 that waited
				t.Errorf("store did %d things, want a bounded number", got)
			}
		})
	})

	t.Run("FloodBehindALoad", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(t)
			c, p := f.connected(agclient.Options{TokenStore: &slowStore{}, ConnectTimeout: time.Hour})
			p.write(`{"event":"#setAuthToken","data":{"token":"` + token(`{}`) + `"}}`)
			synctest.Wait()
			c.Reconnect(0, "")
			p = f.accept()
			synctest.Wait()
			over, cancel := context.WithCancel(t.Context())
			cancel()
			for range 200 {
				c.Deauthenticate(over)
			}
			p.handshake(`{"id":"x","pingTimeout":60000}`) // or it never comes
		})
	})
}
