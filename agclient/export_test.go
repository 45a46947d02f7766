package agclient

import "time"

// Sleep lets the wall clock of a client's connection run on as if the machine
// had slept, which timers do not see.
func Sleep(c *Client, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.life.conn.lastPing = c.life.conn.lastPing.Add(-d)
}
