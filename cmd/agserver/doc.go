// Command agserver is the server as a program: AG sockets for
// socketcluster-client on /socketcluster/, a health check, and in development
// mode a playground page with demo procedures.
//
//	go run ./cmd/agserver                # http://localhost:8000/ is the playground
//	agserver -env prod -port 80          # neither playground nor demo procedures
//	agserver -h                          # the manual page
//
// It takes the environment variables of the socketcluster app template; flags
// win over them. A program of one's own with procedures of its own embeds the
// package agserver instead: see the README.
//
// Files: config (flags and environment), usage (the manual page), log, serve
// (the life of the server), http (health check and playground), demo (what
// belongs to development mode).
package main
