package agclient

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// planReconnectLocked decides from the close code whether and when the client
// comes back by itself. At once, the first time, after a ping or pong timeout
// or an end without a status: the machine may have slept. Never after 1000, which
// is Close's, nor from 4500 on, which is for good.
func (c *Client) planReconnectLocked(code protocol.CloseCode) {
	if c.opts.ReconnectDisabled || code == protocol.CloseNormal || code >= permanentCloseCodes {
		return
	}
	n := c.life.attempts
	c.life.attempts++
	delay := c.opts.Reconnect.delay(n, rand.Float64())
	if n == 0 && comesBackAtOnce(code) {
		delay = 0
	}
	c.life.reconnectDelay = delay
	var timer *time.Timer
	timer = time.AfterFunc(delay, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.life.reconnectTimer == timer {
			c.connectLocked()
		}
	})
	c.life.reconnectTimer = timer
}

// permanentCloseCodes is the first of the codes after which a client stays away.
const permanentCloseCodes protocol.CloseCode = 4500

func comesBackAtOnce(code protocol.CloseCode) bool {
	switch code {
	case protocol.ClosePingTimeout, protocol.ClosePongTimeout, protocol.CloseNoStatus:
		return true
	}
	return false
}

func (c *Client) cancelReconnectLocked() {
	if c.life.reconnectTimer != nil {
		c.life.reconnectTimer.Stop()
		c.life.reconnectTimer = nil
	}
	c.life.reconnectDelay = 0
}

// delay returns how long to wait before attempt n, counted from 0, for a random
// number from [0, 1).
func (o ReconnectOptions) delay(n int, random float64) time.Duration {
	first := float64(o.InitialDelay) + float64(o.Randomness)*random
	d := first * math.Pow(o.Multiplier, float64(n))
	if d > float64(o.MaxDelay) { // also what no Duration could hold
		return o.MaxDelay
	}
	return time.Duration(d)
}
