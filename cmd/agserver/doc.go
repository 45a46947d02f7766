// Command agserver is the server as a program: AG sockets for
// socketcluster-client on /socketcluster/, a health check, and in development
// mode a playground page with demo procedures.
//
//	go run ./cmd/agserver                # http://localhost:8000/ is the playground
//	agserver -env prod -port 80          # neither playground nor demo procedures
//	agserver -h                          # the manual page
//	agserver scc-state                   # the state server of an SCC cluster
//	agserver scc-broker                  # a broker of one
//
// It takes the environment variables of the socketcluster app template; flags
// win over them. A program of one's own with procedures of its own embeds the
// package agserver instead: see the README.
//
// Files: mode (which of the programs this is), config (flags and environment),
// usage (the manual pages), log, log_events, serve (the life of a server), http (health check
// and playground), demo (what belongs to development mode), cluster (the ways to
// other nodes), tls (certificates, which are read again when they are renewed),
// limits (rates), pace (memory), scc_state, scc_broker.
package main
