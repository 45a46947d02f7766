package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/socketcluster-go/socketcluster/agserver"
)

func main() {
	port := flag.Int("port", 0, "port on 127.0.0.1")
	options := flag.String("options", "{}", "options of the server, as JSON under the Node server's names")
	portable := flag.Bool("portable", false, "serve every connection by a goroutine")
	flag.Parse()
	if err := run(*port, []byte(*options), *portable); err != nil {
		fmt.Fprintln(os.Stderr, "bridge:", err)
		os.Exit(1)
	}
}

func run(port int, text []byte, portable bool) error {
	opt, err := parseOptions(text)
	if err != nil {
		return err
	}
	opt.Portable = portable
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err
	}
	srv := agserver.New(opt)
	b := newBridge(srv)
	go srv.Serve(l) // until the server is closed, or the process ends
	go b.write(os.Stdout)
	b.tell(message{Type: "listening", PingTimeout: srv.Options().PingTimeout.Milliseconds()})
	return b.read(os.Stdin)
}

// parseOptions leaves out what has no meaning for this server: authSignAsync
// and authVerifyAsync say on which thread Node works.
func parseOptions(text []byte) (*agserver.Options, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, err
	}
	for name := range members {
		if !slices.Contains(agserver.OptionNames(), name) {
			delete(members, name)
		}
	}
	known, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	return agserver.ParseOptions(known)
}
