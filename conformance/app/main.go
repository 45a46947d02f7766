package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/conformance/internal/selfsigned"
	"github.com/socketcluster-go/socketcluster/middleware"
)

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1; 0 takes any")
	options := flag.String("options", "{}", "options of the server, as JSON under the Node server's names")
	portable := flag.Bool("portable", false, "serve every connection by a goroutine rather than by event loops")
	secure := flag.Bool("tls", false, "serve with TLS, and a certificate that nobody knows")
	broker := brokerFlags()
	flag.Parse()
	if err := run(*port, []byte(*options), *portable, *secure, broker); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

func run(port int, text []byte, portable, secure bool, broker *brokerChoice) error {
	opt, types, err := parseOptions(text)
	if err != nil {
		return err
	}
	opt.Portable = portable
	if err := broker.open(opt); err != nil {
		return err
	}
	srv := agserver.New(opt)
	a := &app{srv: srv, journal: newJournal(srv)}
	a.handleProcedures()
	a.handleReceivers()
	for _, t := range types {
		if err := srv.SetMiddleware(t, middleware.Func(decide)); err != nil {
			return err
		}
	}
	srv.HandleHTTP(a)
	go a.queue() // ends with the process

	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	if secure {
		if l, err = selfsigned.Listener(l); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if _, err := srv.Events().Ready.Once(ctx); err != nil { // the broker's
		return err
	}
	fmt.Printf("listening on %d\n", l.Addr().(*net.TCPAddr).Port)
	go srv.Serve(l) // ends with the process
	<-ctx.Done()
	return nil
}

// parseOptions reads the server's options, leaves out what it does not know,
// and returns the middleware that the app is to install.
func parseOptions(text []byte) (*agserver.Options, []middleware.Type, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, nil, err
	}
	var own struct{ Middleware []middleware.Type }
	if raw, ok := members["app"]; ok {
		if err := json.Unmarshal(raw, &own); err != nil {
			return nil, nil, err
		}
	}
	for name := range members {
		if !slices.Contains(agserver.OptionNames(), name) {
			delete(members, name)
		}
	}
	known, err := json.Marshal(members)
	if err != nil {
		return nil, nil, err
	}
	opt, err := agserver.ParseOptions(known)
	return opt, own.Middleware, err
}

// app is what handlers share.
type app struct {
	srv     *agserver.Server
	journal *journal
}

// ServeHTTP answers what is no WebSocket upgrade.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodGet && r.RequestURI == "/log":
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{
			"log":     a.journal.all(),
			"clients": a.srv.ClientsCount(),
			"pending": a.srv.PendingClientsCount(),
		})
	case r.Method == http.MethodGet && r.RequestURI == "/reset":
		a.journal.reset()
		fmt.Fprint(w, "ok")
	default:
		w.WriteHeader(http.StatusNotImplemented)
		fmt.Fprint(w, "Not Implemented")
	}
}
