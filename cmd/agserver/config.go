package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccnode"
	"github.com/socketcluster-go/socketcluster/cmd/agserver/internal/sccstate"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// config is what flags and environment say, checked.
type config struct {
	dev       bool // playground, demo procedures, a log line for each HTTP request
	address   string
	portName  string // the variable that has the port
	options   *agserver.Options
	logLevel  int // 0 nothing, 1 errors, 2 warnings and life cycle, 3 everything
	logJSON   bool
	drainTime time.Duration
	tls       *tlsFiles // nil = plain TCP
	cluster   cluster
	sccState  sccstate.Options
	sccBroker sccnode.Options
	rates     rates // of each socket
}

// errHelp: the manual page was asked for.
var errHelp = errors.New("help")

// settings finds the value of each setting, and the name under which it was
// given, so that an error can say what to change.
type settings struct {
	flags  map[string]string
	getenv func(string) string
}

// setting is a value and where it came from: "-port" or "SOCKETCLUSTER_PORT".
// from is empty for a default.
type setting struct {
	value, from string
}

// errorf says what is wrong with a setting.
func (s setting) errorf(allowed string) error {
	return fmt.Errorf("%s must be %s, not %q", s.from, allowed, s.value)
}

// find returns the flag if it was given, else the variable if it is set and not
// empty, else the default. env is empty where there is no variable.
func (s settings) find(name, env, def string) setting {
	if value, ok := s.flags[name]; ok {
		return setting{value, "-" + name}
	}
	if env != "" {
		if value := s.getenv(env); value != "" {
			return setting{value, env}
		}
	}
	return setting{value: def}
}

// parseFlags returns the flags that were given; all take a value. The flag
// package's own messages do not say what is allowed, so values are taken as texts
// and checked later.
func parseFlags(m *mode, args []string) (map[string]string, error) {
	given := make(map[string]string)
	set := flag.NewFlagSet("agserver", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, name := range m.flags {
		set.Func(name, "", func(value string) error {
			given[name] = value
			return nil
		})
	}
	err := set.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, errHelp
	case err != nil:
		name, isUnknown := strings.CutPrefix(err.Error(), "flag provided but not defined: ")
		if isUnknown {
			return nil, fmt.Errorf("%s is no flag; the flags are -%s (%s -h explains them)",
				name, strings.Join(m.flags, ", -"), m.name)
		}
		return nil, fmt.Errorf("%w (%s -h explains the flags)", err, m.name)
	case set.NArg() > 0 && m == &node:
		return nil, fmt.Errorf("%q is too much: agserver takes flags only, behind the name of a mode (%s, %s) or none "+
			"(agserver -h explains them)", set.Arg(0), sccBroker.argument, sccState.argument)
	case set.NArg() > 0:
		return nil, fmt.Errorf("%q is too much: %s takes flags only (%s -h explains them)", set.Arg(0), m.name, m.name)
	}
	return given, nil
}

// readConfig reads and checks everything, so that nothing is started on half an
// understanding.
func readConfig(m *mode, args []string, getenv func(string) string) (*config, error) {
	flags, err := parseFlags(m, args)
	if err != nil {
		return nil, err
	}
	c := &config{options: new(agserver.Options)}
	if err := m.read(c, settings{flags: flags, getenv: getenv}); err != nil {
		return nil, err
	}
	return c, nil
}

// readNode reads the settings of the server itself.
func readNode(c *config, s settings) error {
	return cmp.Or(
		c.readEnvironment(s), c.readAddress(s, "SOCKETCLUSTER_PORT", "8000"), c.readOptions(s),
		c.readLimits(s), c.readLog(s, "SOCKETCLUSTER_LOG_LEVEL"), c.readDrain(s), c.readTLS(s), c.readCluster(s), c.checkKey(),
	)
}

func (c *config) readEnvironment(s settings) error {
	env := s.find("env", "ENV", "dev")
	if env.value != "dev" && env.value != "prod" {
		return env.errorf("dev or prod")
	}
	c.dev = env.value == "dev"
	return nil
}

func (c *config) readAddress(s settings, env, def string) error {
	c.portName = env
	port := s.find("port", env, def)
	if _, err := strconv.ParseUint(port.value, 10, 16); err != nil {
		return port.errorf("a whole number from 0 (any free port) to 65535")
	}
	host := s.find("host", "", "")
	if strings.ContainsAny(host.value, " /[]") {
		return host.errorf("a host name or an address without port")
	}
	c.address = net.JoinHostPort(host.value, port.value)
	return nil
}

func (c *config) readOptions(s settings) error {
	text, err := c.readOptionsText(s)
	if err != nil {
		return err
	}
	limit := s.find("channel-limit", "SOCKETCLUSTER_SOCKET_CHANNEL_LIMIT", "")
	if limit.from == "" {
		return nil
	}
	n, err := strconv.ParseUint(limit.value, 10, 31)
	if err != nil {
		return limit.errorf("a whole number of channels, 0 for no limit")
	}
	// A flag wins over the environment, also where the flag is -options.
	fromFlag := strings.HasPrefix(limit.from, "-")
	if !fromFlag && strings.HasPrefix(text.from, "-") && names(text.value, "socketChannelLimit") {
		return nil
	}
	c.options.SocketChannelLimit = int(n)
	if n == 0 {
		c.options.SocketChannelLimit = -1 // in Options, 0 is the default
	}
	return nil
}

// readOptionsText returns the text of the options, too.
func (c *config) readOptionsText(s settings) (setting, error) {
	text := s.find("options", "SOCKETCLUSTER_OPTIONS", "{}")
	options, err := agserver.ParseOptions([]byte(text.value))
	if named, ok := errors.AsType[*protocol.Error](err); ok {
		return text, fmt.Errorf("%s: %s", text.from, named.Message)
	} else if err != nil {
		return text, fmt.Errorf("%s: %w", text.from, err)
	}
	c.options = options
	return text, nil
}

// names reports whether a JSON object has a member of this name.
func names(object, name string) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &members) != nil {
		return false
	}
	_, ok := members[name]
	return ok
}

func (c *config) readLog(s settings, env string) error {
	level := s.find("log-level", env, "2")
	n, err := strconv.Atoi(level.value)
	if err != nil || n < 0 || n > 3 {
		return level.errorf("0 (nothing), 1 (errors), 2 (warnings too) or 3 (everything)")
	}
	c.logLevel = n

	format := s.find("log-format", "", "text")
	if !slices.Contains([]string{"text", "json"}, format.value) {
		return format.errorf("text or json")
	}
	c.logJSON = format.value == "json"
	return nil
}

func (c *config) readDrain(s settings) error {
	drain := s.find("drain", "", "10s")
	d, err := time.ParseDuration(drain.value)
	if err != nil || d < 0 {
		return drain.errorf(`a time such as "500ms", "10s" or "1m"`)
	}
	c.drainTime = d
	return nil
}
