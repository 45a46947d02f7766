package sccstate_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver/agservertest"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccstate"
	"github.com/socketcluster-go/socketcluster/middleware"
)

// atOnce has workers join without a wait; the other delays are the defaults.
func atOnce() *sccstate.Options { return &sccstate.Options{StartupDelay: -1} }

func TestState_WorkersWaitAtTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, begin := start(t, nil), time.Now()
		broker(t, srv, "8888")
		w := dial(t, srv, "scc-worker", "8000")
		const wait = `"error":{"message":"The server is waiting for initial broker connections"}`
		w.must("sccWorkerJoinCluster", local, wait)
		time.Sleep(time.Until(begin.Add(sccstate.DefaultStartupDelay - time.Millisecond)))
		w.must("sccWorkerJoinCluster", local, wait)
		time.Sleep(2 * time.Millisecond)
		worker(t, srv, "8001", "8001", "8888")
	})
}

func TestState_Announcements(t *testing.T) {
	t.Run("BrokersThatJoinAreOneAnnouncement", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			w := worker(t, srv, "8000", "8000", "")
			for _, port := range []string{"8890", "8889", "8888"} {
				broker(t, srv, port)
				time.Sleep(4 * time.Second) // less than the delay
			}
			last := time.Now()
			w.news("sccBrokerJoinCluster", "8890 8889 8888", "8000")
			after(t, last, time.Second)
		})
	})
	t.Run("LatestOfTwoChanges", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			w := worker(t, srv, "8000", "8000", "")
			broker(t, srv, "8888")
			b := broker(t, srv, "8889")
			begin := time.Now()
			b.must("sccBrokerLeaveCluster", "null", "")
			w.news("sccBrokerLeaveCluster", "8888", "8000")
			after(t, begin, sccstate.DefaultScaleBackDelay)
		})
	})
	t.Run("EndOfAConnectionIsLeaving", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			broker(t, srv, "8888")
			b := broker(t, srv, "8889")
			w := worker(t, srv, "8000", "8000", "8888 8889")
			b.Cut()
			synctest.Wait()
			begin := time.Now()
			w.news("sccBrokerLeaveCluster", "8888", "8000")
			after(t, begin, sccstate.DefaultScaleBackDelay)
			worker(t, srv, "8001", "8000 8001", "8888")
		})
	})
	t.Run("WorkersButTheNewOne", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			first := worker(t, srv, "8000", "8000", "")
			second := worker(t, srv, "8001", "8000 8001", "")
			begin := time.Now()
			first.news("sccWorkerJoinCluster", "8000 8001", "8000")
			first.taken()
			after(t, begin, sccstate.DefaultScaleOutDelay)
			// The first thing that the second one hears is the next change.
			third := worker(t, srv, "8002", "8000 8001 8002", "")
			third.Close(1000, "")
			second.news("sccWorkerLeaveCluster", "8000 8001", "8001")
			first.news("sccWorkerLeaveCluster", "8000 8001", "8000")
		})
	})
	t.Run("EachIsToldWhereItIs", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			first := worker(t, srv, "8000", "8000", "")
			second := worker(t, srv, "8001", "8000 8001", "")
			broker(t, srv, "8888")
			first.news("sccWorkerJoinCluster", "8000 8001", "8000")
			second.news("sccBrokerJoinCluster", "8888", "8001")
			first.news("sccBrokerJoinCluster", "8888", "8000")
		})
	})
	t.Run("JoiningAgainChangesThePlaceOnly", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			b := broker(t, srv, "8888")
			broker(t, srv, "8889")
			b.must("sccBrokerJoinCluster", local, "")
			broker(t, srv, "8888") // another one of the same name, behind a proxy
			worker(t, srv, "8000", "8000", "8888 8889")
		})
	})
}

func TestState_TimesAreNeverTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := start(t, &sccstate.Options{StartupDelay: -1, ScaleOutDelay: -1, ScaleBackDelay: -1})
		w := dial(t, srv, "scc-worker", "8000")
		w.call("sccWorkerJoinCluster", local)
		b := dial(t, srv, "scc-broker", "8888")
		begin, last := time.Now(), int64(0)
		for range 5 { // in one moment of the bubble's time
			b.must("sccBrokerJoinCluster", local, "")
			last = later(t, w, last)
			b.must("sccBrokerLeaveCluster", local, "")
			last = later(t, w, last)
		}
		after(t, begin, 0)
	})
}

// later returns the time of the next announcement, which must not be that of an
// earlier one.
func later(t *testing.T, w *instance, last int64) int64 {
	t.Helper()
	time := packet(w.Next()).Get("data.time").Int()
	if time <= last {
		t.Fatalf("a snapshot has time %d, after one with %d", time, last)
	}
	return time
}

func TestState_Retry(t *testing.T) {
	t.Run("UntilTaken", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			w := worker(t, srv, "8000", "8000", "")
			broker(t, srv, "8888")
			first := packet(w.Next())
			w.Send(`{"rid":1,"error":{"message":"not now"}}`)
			begin := time.Now()
			second := packet(w.Next())
			after(t, begin, sccstate.DefaultRetryDelay)
			if first.Get("data").Raw != second.Get("data").Raw || second.Get("cid").Int() != 2 {
				t.Errorf("said %s, then %s, want the same news by a second call", first, second)
			}
			w.Send(`{"rid":2}`)
			time.Sleep(3 * sccstate.DefaultRetryDelay)
			w.must("sccWorkerLeaveCluster", "null", "") // what comes next is the answer
		})
	})
	t.Run("NotOfOldNews", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			w := worker(t, srv, "8000", "8000", "")
			broker(t, srv, "8888")
			w.news("sccBrokerJoinCluster", "8888", "8000")
			broker(t, srv, "8889")
			begin := time.Now()
			w.news("sccBrokerJoinCluster", "8888 8889", "8000") // does not wait for the answer
			after(t, begin, sccstate.DefaultScaleOutDelay)
			w.Send(`{"rid":1,"error":{"message":"too late"}}`)
			w.taken()
			time.Sleep(3 * sccstate.DefaultRetryDelay)
			w.must("sccWorkerLeaveCluster", "null", "")
		})
	})
	t.Run("NotOfAWorkerThatLeft", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			srv := start(t, atOnce())
			w := worker(t, srv, "8000", "8000", "")
			broker(t, srv, "8888")
			w.news("sccBrokerJoinCluster", "8888", "8000")
			w.Send(`{"rid":1,"error":{"message":"leaving"}}`)
			w.must("sccWorkerLeaveCluster", "null", "")
			time.Sleep(3 * sccstate.DefaultRetryDelay)
			w.must("sccWorkerLeaveCluster", "null", "")
		})
	})
}

func TestState_End(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv, end := startWithEnd(t, atOnce())
		w := worker(t, srv, "8000", "8000", "")
		broker(t, srv, "8888")
		w.news("sccBrokerJoinCluster", "8888", "8000") // never answered
		end()
		w.must("sccWorkerJoinCluster", local, `"error":{"message":"The state server is ending"}`)
	})
}

func TestNew_MiddlewareTwice(t *testing.T) {
	srv := agservertest.NewServer(t, nil)
	if err := srv.SetMiddleware(middleware.Handshake, middleware.Func(nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := sccstate.New(srv, nil); err == nil {
		t.Error("New on a server with handshake middleware = nil, want an error")
	}
}
