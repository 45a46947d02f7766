package agserver

import (
	"cmp"
	"slices"
)

// fewSubscriptions is the number up to which a socket's channels are kept in a
// list, which is smaller than a map and for a few as fast.
const fewSubscriptions = 8

// A channelList is the channels of a socket that has several, or waits for the
// broker. Guarded by the socket's mu.
type channelList struct {
	list []subscription
	many map[string]subscription // in place of list, beyond a few
	next uint64
}

func (c *channelList) len() int {
	if c.many != nil {
		return len(c.many)
	}
	return len(c.list)
}

func (c *channelList) get(channel string) (subscription, bool) {
	if c.many != nil {
		sub, ok := c.many[channel]
		return sub, ok
	}
	if i := c.find(channel); i >= 0 {
		return c.list[i], true
	}
	return subscription{}, false
}

func (c *channelList) find(channel string) int {
	return slices.IndexFunc(c.list, func(sub subscription) bool { return sub.channel == channel })
}

// add gives a subscription its place, and returns that.
func (c *channelList) add(sub subscription) (since uint64) {
	c.next++
	sub.since = c.next
	if c.many == nil && len(c.list) < fewSubscriptions {
		c.list = append(c.list, sub)
		return c.next
	}
	if c.many == nil {
		c.many = make(map[string]subscription, 2*fewSubscriptions)
		for _, old := range c.list {
			c.many[old.channel] = old
		}
		c.list = nil
	}
	c.many[sub.channel] = sub
	return c.next
}

// settle completes a subscription. Its name is the one that all who listen share.
func (c *channelList) settle(channel string, local *localChannel) {
	if c.many != nil {
		sub := c.many[channel]
		delete(c.many, channel)
		sub.channel, sub.local = local.name, local
		c.many[local.name] = sub
		return
	}
	i := c.find(channel)
	c.list[i].channel, c.list[i].local = local.name, local
}

func (c *channelList) remove(channel string) {
	if c.many != nil {
		delete(c.many, channel)
		return
	}
	if i := c.find(channel); i >= 0 {
		c.list = slices.Delete(c.list, i, i+1)
	}
}

// all returns the subscriptions in order. It is read-only.
func (c *channelList) all() []subscription {
	if c.many == nil {
		return c.list
	}
	all := make([]subscription, 0, len(c.many))
	for _, sub := range c.many {
		all = append(all, sub)
	}
	slices.SortFunc(all, func(a, b subscription) int { return cmp.Compare(a.since, b.since) })
	return all
}
