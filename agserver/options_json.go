package agserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/socketcluster-go/socketcluster/protocol"
)

// ParseOptions reads the options of the Node server from a JSON object, under
// their names there: times in milliseconds, authDefaultExpiry in seconds. A
// member that is null counts as left out, except that a socketChannelLimit of
// null or 0 is no limit, and a path of null is AnyPath. Options that cannot be
// given as JSON (authEngine, brokerEngine …) or mean nothing here are errors, and
// so is every other name. The error is an InvalidOptionsError whose message
// names the option and says what is allowed.
func ParseOptions(text []byte) (*Options, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var members map[string]json.RawMessage
	if err := d.Decode(&members); err != nil || members == nil {
		return nil, optionError("The options must be a JSON object%s", whyNoJSON(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, optionError("The options must be one JSON object, with nothing behind it")
	}
	o := new(Options)
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names) // so that of several errors always the same one is reported
	for _, name := range names {
		if err := o.setOption(name, members[name]); err != nil {
			return nil, err
		}
	}
	return o, o.Validate()
}

// whyNoJSON tells where a text ceases to be JSON: who writes one into a shell or a
// manifest loses quotes.
func whyNoJSON(err error) string {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf(": %v, byte %d", syntax, syntax.Offset)
	case errors.Is(err, io.EOF):
		return ", and are empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return ": it has no end"
	}
	return ""
}

// OptionNames returns the names that ParseOptions knows, sorted.
func OptionNames() []string {
	var names []string
	for name := range optionSetters {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (o *Options) setOption(name string, value json.RawMessage) error {
	if why, ok := meaninglessOptions[name]; ok {
		return optionError("The %s option has no meaning here: %s", name, why)
	}
	set, ok := optionSetters[name]
	if !ok {
		return optionError("The option %q is not known; allowed are %s", name, strings.Join(OptionNames(), ", "))
	}
	if string(value) == "null" && name != "socketChannelLimit" && name != "path" {
		return nil
	}
	if allowed := set(o, value); allowed != "" {
		if strings.HasSuffix(name, "Key") { // which is not for the log
			return optionError("The %s option must be %s", name, allowed)
		}
		return optionError("The %s option must be %s, not %s", name, allowed, value)
	}
	return nil
}

// meaninglessOptions are the Node server's options that are something else in
// Go, with what.
var meaninglessOptions = map[string]string{
	"authEngine":            "set Options.AuthEngine in code",
	"brokerEngine":          "set Options.Broker in code",
	"codecEngine":           "set Options.Codec in code",
	"handleProtocols":       "set Options.HandleProtocols in code",
	"httpServer":            "the server is an http.Handler",
	"requestCreator":        "requests are agserver.Request",
	"wsEngine":              "there is one engine",
	"wsEngineServerOptions": "maxPayload and perMessageDeflate are options of their own",
}

// setter reads a value into the options, and returns what is allowed if it is
// not.
type setter func(o *Options, value json.RawMessage) (allowed string)

var optionSetters = map[string]setter{
	"ackTimeout":               setDuration(func(o *Options) *time.Duration { return &o.AckTimeout }),
	"handshakeTimeout":         setDuration(func(o *Options) *time.Duration { return &o.HandshakeTimeout }),
	"pingInterval":             setDuration(func(o *Options) *time.Duration { return &o.PingInterval }),
	"pingTimeout":              setDuration(func(o *Options) *time.Duration { return &o.PingTimeout }),
	"batchOnHandshakeDuration": setDuration(func(o *Options) *time.Duration { return &o.BatchOnHandshakeDuration }),
	"batchInterval":            setDuration(func(o *Options) *time.Duration { return &o.BatchInterval }),
	"strictHandshake":          setBool(func(o *Options, on bool) { o.LaxHandshake = !on }),
	"pingTimeoutDisabled":      setBool(func(o *Options, on bool) { o.PingTimeoutDisabled = on }),
	"batchOnHandshake":         setBool(func(o *Options, on bool) { o.BatchOnHandshake = on }),
	"middlewareEmitFailures":   setBool(func(o *Options, on bool) { o.QuietMiddleware = !on }),
	"allowClientPublish":       setBool(func(o *Options, on bool) { o.DisallowClientPublish = !on }),
	"cloneData":                setBool(func(*Options, bool) {}), // data is always safe from later changes
	"authKey":                  setText(func(o *Options) *string { return &o.AuthKey }),
	"authPrivateKey":           setText(func(o *Options) *string { return &o.AuthPrivateKey }),
	"authPublicKey":            setText(func(o *Options) *string { return &o.AuthPublicKey }),
	"authAlgorithm":            setText(func(o *Options) *string { return &o.AuthAlgorithm }),
	"authDefaultExpiry":        setExpiry,
	"authVerifyAlgorithms":     setAlgorithms,
	"origins":                  setOrigins,
	"path":                     setPath,
	"protocolVersion":          setVersion,
	"socketChannelLimit":       setChannelLimit,
	"socketStreamCleanupMode":  setCleanup,
	"maxPayload":               setMaxPayload,
	"perMessageDeflate":        setDeflate,
}

// setDuration reads a number of milliseconds. 0 is as good as Node's timers can:
// one millisecond.
func setDuration(field func(*Options) *time.Duration) setter {
	return func(o *Options, value json.RawMessage) string {
		var ms float64
		if json.Unmarshal(value, &ms) != nil || ms < 0 || ms > math.MaxInt32 {
			return "a number of milliseconds from 0 to 2147483647"
		}
		*field(o) = max(time.Duration(ms*float64(time.Millisecond)), time.Millisecond)
		return ""
	}
}

func setBool(set func(*Options, bool)) setter {
	return func(o *Options, value json.RawMessage) string {
		var on bool
		if json.Unmarshal(value, &on) != nil {
			return "true or false"
		}
		set(o, on)
		return ""
	}
}

func setText(field func(*Options) *string) setter {
	return func(o *Options, value json.RawMessage) string {
		if json.Unmarshal(value, field(o)) != nil || *field(o) == "" {
			return "a string that is not empty"
		}
		return ""
	}
}

func setExpiry(o *Options, value json.RawMessage) string {
	var seconds int64
	if json.Unmarshal(value, &seconds) != nil || seconds <= 0 || seconds > math.MaxInt32 {
		return "a whole number of seconds from 1 to 2147483647"
	}
	o.AuthDefaultExpiry = time.Duration(seconds) * time.Second
	return ""
}

func setAlgorithms(o *Options, value json.RawMessage) string {
	if json.Unmarshal(value, &o.AuthVerifyAlgorithms) != nil {
		return fmt.Sprintf("a list of %s", strings.Join(authAlgorithms, ", "))
	}
	return ""
}

// setOrigins reads a list, or a string of entries with spaces or commas between.
func setOrigins(o *Options, value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		o.Origins = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
	} else if json.Unmarshal(value, &o.Origins) != nil {
		o.Origins = nil
	}
	if len(o.Origins) == 0 {
		return `a list of "host:port", where either may be *`
	}
	return ""
}

func setPath(o *Options, value json.RawMessage) string {
	if string(value) == "null" {
		o.Path = AnyPath
		return ""
	}
	if json.Unmarshal(value, &o.Path) != nil || !strings.HasPrefix(o.Path, "/") {
		return "a string that begins with a slash, or null for any path"
	}
	return ""
}

func setVersion(o *Options, value json.RawMessage) string {
	if json.Unmarshal(value, &o.ProtocolVersion) != nil || o.ProtocolVersion != protocol.V1 && o.ProtocolVersion != protocol.V2 {
		return "1 or 2"
	}
	return ""
}

func setChannelLimit(o *Options, value json.RawMessage) string {
	var n *int
	if json.Unmarshal(value, &n) != nil || n != nil && *n < 0 {
		return "a whole number, or null for no limit"
	}
	if o.SocketChannelLimit = -1; n != nil && *n > 0 {
		o.SocketChannelLimit = *n
	}
	return ""
}

func setCleanup(o *Options, value json.RawMessage) string {
	switch string(value) {
	case `"kill"`:
		o.StreamCleanup = CleanupKill
	case `"close"`:
		o.StreamCleanup = CleanupClose
	case `"none"`:
		o.StreamCleanup = CleanupNone
	default:
		return "kill, close or none"
	}
	return ""
}

func setMaxPayload(o *Options, value json.RawMessage) string {
	if json.Unmarshal(value, &o.MaxPayload) != nil || o.MaxPayload < 0 {
		return "a whole number of bytes, or 0 for no limit"
	}
	if o.MaxPayload == 0 {
		o.MaxPayload = -1
	}
	return ""
}

// setDeflate reads a bool, or an object of which the threshold counts: the rest
// is for the engine of the Node server.
func setDeflate(o *Options, value json.RawMessage) string {
	if json.Unmarshal(value, &o.PerMessageDeflate) == nil {
		return ""
	}
	var options struct{ Threshold *int }
	if json.Unmarshal(value, &options) != nil {
		return "true, false, or an object with a threshold in bytes"
	}
	o.PerMessageDeflate = true
	if options.Threshold != nil {
		if o.DeflateThreshold = *options.Threshold; o.DeflateThreshold == 0 {
			o.DeflateThreshold = -1
		}
	}
	return ""
}
