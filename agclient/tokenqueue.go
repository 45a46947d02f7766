package agclient

import (
	"context"
	"slices"
	"sync"
	"time"
)

// maxTokenJobs bounds what waits for the token store. Beyond it the oldest
// waiting save or removal is dropped: later ones overrule it anyway.
const maxTokenJobs = 64

// tokenJob is one operation on the store; it calls user code, so it runs
// without any lock. done, if not nil, is closed when it has ended or was
// dropped.
type tokenJob struct {
	run     func(ctx context.Context)
	lasting bool // never dropped: a load, of which there is one per connection
	done    chan struct{}
}

// tokenQueue runs the operations of a client's token store one after the other
// in a goroutine of its own, which exists only while there are any. Its owner
// is the client: finish waits for it.
type tokenQueue struct {
	ctx    context.Context // ends when finish has waited for long enough
	cancel context.CancelFunc
	idle   sync.WaitGroup

	mu      sync.Mutex
	jobs    []tokenJob // guarded by mu
	running bool       // guarded by mu
	closed  bool       // guarded by mu
}

func newTokenQueue() *tokenQueue {
	q := &tokenQueue{}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	return q
}

// add queues an operation and returns a channel that is closed at its end. It
// never blocks. After finish the operation is dropped.
func (q *tokenQueue) add(run func(ctx context.Context)) <-chan struct{} {
	return q.push(tokenJob{run: run, done: make(chan struct{})})
}

// addLasting is add for an operation that the limit does not drop.
func (q *tokenQueue) addLasting(run func(ctx context.Context)) {
	q.push(tokenJob{run: run, lasting: true, done: make(chan struct{})})
}

func (q *tokenQueue) push(job tokenJob) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		close(job.done)
		return job.done
	}
	if len(q.jobs) >= maxTokenJobs {
		if i := slices.IndexFunc(q.jobs, func(j tokenJob) bool { return !j.lasting }); i >= 0 {
			close(q.jobs[i].done)
			q.jobs = slices.Delete(q.jobs, i, i+1)
		}
	}
	q.jobs = append(q.jobs, job)
	if !q.running {
		q.running = true
		q.idle.Go(q.work)
	}
	return job.done
}

// work runs what is queued and ends when there is nothing left.
func (q *tokenQueue) work() {
	for {
		q.mu.Lock()
		if len(q.jobs) == 0 {
			q.running, q.jobs = false, nil
			q.mu.Unlock()
			return
		}
		job := q.jobs[0]
		q.jobs = q.jobs[1:]
		q.mu.Unlock()
		job.run(q.ctx)
		close(job.done)
	}
}

// finish lets what is queued run for at most the given time, then ends the
// context of the operations, and waits for the last one.
func (q *tokenQueue) finish(grace time.Duration) {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	timer := time.AfterFunc(grace, q.cancel)
	q.idle.Wait()
	timer.Stop()
	q.cancel()
}
