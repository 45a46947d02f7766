// Package redisbroker joins the nodes of a cluster by Redis: a channel is a
// Redis channel, by publish and subscribe.
//
//	broker, err := redisbroker.New(&redisbroker.Options{Addrs: []string{"10.0.0.1:6379"}})
//	srv := agserver.New(&agserver.Options{AuthKey: os.Getenv("AUTH_KEY"), Broker: broker})
//
// It needs Redis 6 or later, or a server that speaks RESP3 as it does; Sharded
// needs Redis 7 and a Redis Cluster, where it spreads channels over the shards.
// Without Sharded, every node of a Redis Cluster sees every message.
//
// A user of its own needs, beside its channels (&ag:*), the commands hello, ping,
// client|setname, cluster|slots and, since Redis 8, cluster|shards, publish, subscribe
// and unsubscribe, or spublish, ssubscribe and sunsubscribe.
//
// # What it promises
//
// It is a [channels.Broker] and passes package brokertest. Publish returns when
// Redis has answered; what it did not answer is not sent again, so that nothing
// is delivered twice, and Publish says so with channels.ErrUnconfirmed. While there
// is no connection, Publish fails with channels.ErrDisconnected, or waits for as
// long and as many bytes as Options say.
//
// Redis cuts off a node that reads slower than it is sent to
// (client-output-buffer-limit). That is a lost connection like any other: the node
// is told, and subscribed again.
//
// # Goroutines
//
// One keeps the connection, from Attach to Close, which waits for it. With sentinels or a
// Redis Cluster one more looks whether its server is still the one, and with Sharded
// there is one for each shard. The others are the Redis
// client's.
package redisbroker
