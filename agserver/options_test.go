package agserver_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/channels"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// The defaults of the reference, where it has them.
func TestOptions_Defaults(t *testing.T) {
	srv := agserver.New(nil)
	defer func() { check(t, srv.Close(within(t))) }()
	o := srv.Options()
	for name, got := range map[string]bool{
		"AuthDefaultExpiry":        o.AuthDefaultExpiry == 86400*time.Second,
		"ProtocolVersion":          o.ProtocolVersion == 2,
		"HandshakeTimeout":         o.HandshakeTimeout == 10*time.Second,
		"AckTimeout":               o.AckTimeout == 10*time.Second,
		"Origins":                  slices.Equal(o.Origins, []string{"*:*"}),
		"SocketChannelLimit":       o.SocketChannelLimit == 1000,
		"PingInterval":             o.PingInterval == 8*time.Second,
		"PingTimeout":              o.PingTimeout == 20*time.Second,
		"Path":                     o.Path == "/socketcluster/",
		"BatchOnHandshakeDuration": o.BatchOnHandshakeDuration == 400*time.Millisecond,
		"BatchInterval":            o.BatchInterval == 50*time.Millisecond,
		"StreamCleanup":            o.StreamCleanup == agserver.CleanupKill,
		"DeflateThreshold":         o.DeflateThreshold == 1024,
		"Broker":                   o.Broker != nil,
		"off": !o.LaxHandshake && !o.PingTimeoutDisabled && !o.QuietMiddleware && !o.DisallowClientPublish &&
			!o.BatchOnHandshake && !o.PerMessageDeflate,
	} {
		if !got {
			t.Errorf("%s is not the reference's default: %+v", name, o)
		}
	}
}

// A negative limit or timeout is off, which is zero in what the server says.
func TestOptions_Off(t *testing.T) {
	srv := agserver.New(&agserver.Options{
		HandshakeTimeout: -1, AckTimeout: -1, SocketChannelLimit: -1, MaxPayload: -1, MaxOutbound: -1, MaxInbound: -1,
		MaxStreamBacklog: -1, MaxStreamBytes: -1, MaxListenerBacklog: -1, MaxListenerBytes: -1,
		MaxBatch: -1, MaxPendingCalls: -1, MaxChannelName: -1,
	})
	defer func() { check(t, srv.Close(within(t))) }()
	o := reflect.ValueOf(srv.Options())
	for _, name := range []string{
		"HandshakeTimeout", "AckTimeout", "SocketChannelLimit", "MaxPayload", "MaxOutbound", "MaxInbound",
		"MaxStreamBacklog", "MaxStreamBytes", "MaxListenerBacklog", "MaxListenerBytes",
		"MaxBatch", "MaxPendingCalls", "MaxChannelName",
	} {
		if !o.FieldByName(name).IsZero() {
			t.Errorf("%s = %v, want 0", name, o.FieldByName(name))
		}
	}
}

// elsewhere is a broker that joins nodes.
type elsewhere struct{ channels.Broker }

func TestOptions_Validate(t *testing.T) {
	var none *agserver.Options
	check(t, none.Validate())
	for _, test := range []struct {
		name string
		o    agserver.Options
		want string // "" is valid
	}{
		{"OK", agserver.Options{}, ""},
		{"OKEngine", agserver.Options{AuthEngine: authtoken.JWT{}, AuthAlgorithm: "mine"}, ""},
		{"ErrPublicKeyAlone", agserver.Options{AuthPublicKey: "x"}, "authPrivateKey"},
		{"ErrPrivateKeyAlone", agserver.Options{AuthPrivateKey: "x"}, "authPublicKey"},
		{"ErrKeys", agserver.Options{AuthPrivateKey: "x", AuthPublicKey: "y"}, "Key"},
		{"ErrBrokerWithoutKey", agserver.Options{Broker: elsewhere{}}, "authKey option must be specified with a broker"},
		{"OKBrokerWithKey", agserver.Options{Broker: elsewhere{}, AuthKey: "k"}, ""},
		{"OKBrokerWithEngine", agserver.Options{Broker: elsewhere{}, AuthEngine: authtoken.JWT{}}, ""},
		{"OKLocalBroker", agserver.Options{Broker: new(channels.MemoryBroker)}, ""},
		{"ErrProtocolVersion", agserver.Options{ProtocolVersion: 3}, "protocolVersion option must be 1 or 2, not 3"},
		{"ErrStreamCleanup", agserver.Options{StreamCleanup: 7}, "kill, close or none"},
		{"ErrUnknownProcedure", agserver.Options{UnknownProcedure: -1}, "UnknownSilent or UnknownError"},
		{"ErrAlgorithm", agserver.Options{AuthAlgorithm: "none"}, `not "none"`},
		{"ErrAlgorithms", agserver.Options{AuthVerifyAlgorithms: []string{"HS256", "hs512"}}, `not "hs512"`},
		{"OKOrigins", agserver.Options{Origins: []string{"*:*", "*:80", "Example.com:*", " [::1]:443 ", "example.com:8080"}}, ""},
		{"ErrOriginWithScheme", agserver.Options{Origins: []string{"https://example.com"}}, `not "https://example.com"`},
		{"ErrOriginWithoutPort", agserver.Options{Origins: []string{"example.com"}}, `not "example.com"`},
		{"ErrOriginPort", agserver.Options{Origins: []string{"example.com:https"}}, `not "example.com:https"`},
		{"ErrOriginPattern", agserver.Options{Origins: []string{"*:*", "*.example.com:443"}}, `not "*.example.com:443"`},
		{"ErrOriginsInOne", agserver.Options{Origins: []string{"example.com:443 *:80"}}, `not "example.com:443 *:80"`},
		{"OKPath", agserver.Options{Path: "/sc"}, ""},
		{"OKAnyPath", agserver.Options{Path: agserver.AnyPath}, ""},
		{"ErrPath", agserver.Options{Path: "sc/"}, `begin with a slash, not "sc/"`},
		{"OKTimes", agserver.Options{PingTimeout: time.Millisecond, AckTimeout: -1, AuthDefaultExpiry: time.Second}, ""},
		{"ErrPingTimeoutInMilliseconds", agserver.Options{PingTimeout: 20000}, "PingTimeout must be a duration of at least 1ms, such as 20 * time.Second, not 20µs"},
		{"ErrAckTimeoutInMilliseconds", agserver.Options{AckTimeout: 10000}, "AckTimeout must be"},
		{"ErrExpiryInSeconds", agserver.Options{AuthDefaultExpiry: 86400}, "AuthDefaultExpiry must be a duration of at least 1s"},
		{"ErrProxies", agserver.Options{TrustedProxies: []string{"10.0.0.0/8", "proxy.local"}}, `not "proxy.local"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.o.Validate()
			switch {
			case test.want == "":
				check(t, err)
			case !errors.Is(err, protocol.ErrInvalidOptions) || !strings.Contains(err.Error(), test.want):
				t.Errorf("Validate() = %v, want InvalidOptionsError: %s", err, test.want)
			}
		})
	}
}

// Every option of the Node server, alone.
func TestParseOptions(t *testing.T) {
	for _, test := range []struct {
		text string
		want agserver.Options
	}{
		{`{}`, agserver.Options{}},
		{` { } `, agserver.Options{}},
		{`{"ackTimeout":1500}`, agserver.Options{AckTimeout: 1500 * time.Millisecond}},
		{`{"ackTimeout":0.25}`, agserver.Options{AckTimeout: time.Millisecond}},
		{`{"ackTimeout":0}`, agserver.Options{AckTimeout: time.Millisecond}},
		{`{"ackTimeout":null}`, agserver.Options{}},
		{`{"handshakeTimeout":2147483647}`, agserver.Options{HandshakeTimeout: 2147483647 * time.Millisecond}},
		{`{"pingInterval":1,"pingTimeout":2}`, agserver.Options{PingInterval: time.Millisecond, PingTimeout: 2 * time.Millisecond}},
		{`{"pingTimeoutDisabled":true}`, agserver.Options{PingTimeoutDisabled: true}},
		{`{"batchOnHandshake":true,"batchOnHandshakeDuration":100,"batchInterval":10}`, agserver.Options{
			BatchOnHandshake: true, BatchOnHandshakeDuration: 100 * time.Millisecond, BatchInterval: 10 * time.Millisecond,
		}},
		{`{"strictHandshake":false}`, agserver.Options{LaxHandshake: true}},
		{`{"strictHandshake":true}`, agserver.Options{}},
		{`{"middlewareEmitFailures":false}`, agserver.Options{QuietMiddleware: true}},
		{`{"allowClientPublish":false}`, agserver.Options{DisallowClientPublish: true}},
		{`{"cloneData":true}`, agserver.Options{}},
		{`{"authKey":"secret"}`, agserver.Options{AuthKey: "secret"}},
		{`{"authAlgorithm":"HS512"}`, agserver.Options{AuthAlgorithm: "HS512"}},
		{`{"authDefaultExpiry":60}`, agserver.Options{AuthDefaultExpiry: time.Minute}},
		{`{"authVerifyAlgorithms":["HS256","HS384"]}`, agserver.Options{AuthVerifyAlgorithms: []string{"HS256", "HS384"}}},
		{`{"origins":"example.com:* localhost:*,a.b:80"}`, agserver.Options{Origins: []string{"example.com:*", "localhost:*", "a.b:80"}}},
		{`{"origins":["example.com:*"]}`, agserver.Options{Origins: []string{"example.com:*"}}},
		{`{"path":"/ws"}`, agserver.Options{Path: "/ws"}},
		{`{"path":null}`, agserver.Options{Path: agserver.AnyPath}},
		{`{"protocolVersion":1}`, agserver.Options{ProtocolVersion: 1}},
		{`{"socketChannelLimit":7}`, agserver.Options{SocketChannelLimit: 7}},
		{`{"socketChannelLimit":0}`, agserver.Options{SocketChannelLimit: -1}},
		{`{"socketChannelLimit":null}`, agserver.Options{SocketChannelLimit: -1}},
		{`{"socketStreamCleanupMode":"kill"}`, agserver.Options{}},
		{`{"socketStreamCleanupMode":"close"}`, agserver.Options{StreamCleanup: agserver.CleanupClose}},
		{`{"socketStreamCleanupMode":"none"}`, agserver.Options{StreamCleanup: agserver.CleanupNone}},
		{`{"maxPayload":1000}`, agserver.Options{MaxPayload: 1000}},
		{`{"maxPayload":0}`, agserver.Options{MaxPayload: -1}},
		{`{"perMessageDeflate":true}`, agserver.Options{PerMessageDeflate: true}},
		{`{"perMessageDeflate":{"threshold":0}}`, agserver.Options{PerMessageDeflate: true, DeflateThreshold: -1}},
		{`{"perMessageDeflate":{"threshold":99,"zlibDeflateOptions":{}}}`, agserver.Options{PerMessageDeflate: true, DeflateThreshold: 99}},
	} {
		t.Run(test.text, func(t *testing.T) {
			got, err := agserver.ParseOptions([]byte(test.text))
			if err != nil || !reflect.DeepEqual(*got, test.want) {
				t.Errorf("ParseOptions() = %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

const (
	millis  = "a number of milliseconds from 0 to 2147483647"
	boolean = "true or false"
	text    = "a string that is not empty"
)

// refusedOptions are texts with the option that is at fault and what it may be.
var refusedOptions = []struct{ text, name, allowed string }{
	{``, "options", "a JSON object, and are empty"},
	{`{"authKey":"x",}`, "a JSON object", "invalid character '}' looking for beginning of object key string, byte 16"},
	{`{authKey:1}`, "a JSON object", "invalid character 'a'"},
	{`{"authKey":"x"`, "a JSON object", "it has no end"},
	{`null`, "options", "a JSON object"},
	{`[]`, "options", "a JSON object"},
	{`{"authKey":"x"} {}`, "options", "nothing behind it"},
	{`{"nonsense":1}`, `"nonsense"`, "authDefaultExpiry"}, // in the list of what is allowed
	{`{"AuthKey":"x"}`, `"AuthKey"`, "not known"},
	{`{"ackTimeout":-1}`, "ackTimeout", millis},
	{`{"ackTimeout":"10"}`, "ackTimeout", millis},
	{`{"handshakeTimeout":1e12}`, "handshakeTimeout", millis},
	{`{"pingInterval":true}`, "pingInterval", millis},
	{`{"pingTimeout":[]}`, "pingTimeout", millis},
	{`{"batchInterval":{}}`, "batchInterval", millis},
	{`{"batchOnHandshakeDuration":"x"}`, "batchOnHandshakeDuration", millis},
	{`{"strictHandshake":0}`, "strictHandshake", boolean},
	{`{"pingTimeoutDisabled":"yes"}`, "pingTimeoutDisabled", boolean},
	{`{"batchOnHandshake":1}`, "batchOnHandshake", boolean},
	{`{"middlewareEmitFailures":"no"}`, "middlewareEmitFailures", boolean},
	{`{"allowClientPublish":[]}`, "allowClientPublish", boolean},
	{`{"cloneData":5}`, "cloneData", boolean},
	{`{"authKey":""}`, "authKey", text},
	{`{"authKey":5}`, "authKey", text},
	{`{"authPrivateKey":"x"}`, "authPublicKey", "must be specified"},
	{`{"authPublicKey":"x"}`, "authPrivateKey", "must be specified"},
	{`{"authAlgorithm":"none"}`, "authAlgorithm", "HS256"},
	{`{"authDefaultExpiry":0}`, "authDefaultExpiry", "a whole number of seconds from 1"},
	{`{"authDefaultExpiry":1.5}`, "authDefaultExpiry", "a whole number of seconds from 1"},
	{`{"authVerifyAlgorithms":"HS256"}`, "authVerifyAlgorithms", "a list of HS256"},
	{`{"authVerifyAlgorithms":["x"]}`, "authVerifyAlgorithms", "HS256"},
	{`{"origins":5}`, "origins", "host:port"},
	{`{"origins":""}`, "origins", "host:port"},
	{`{"origins":[]}`, "origins", "host:port"},
	{`{"path":"ws"}`, "path", "begins with a slash"},
	{`{"path":5}`, "path", "begins with a slash"},
	{`{"protocolVersion":3}`, "protocolVersion", "1 or 2"},
	{`{"protocolVersion":"2"}`, "protocolVersion", "1 or 2"},
	{`{"socketChannelLimit":-5}`, "socketChannelLimit", "a whole number"},
	{`{"socketChannelLimit":1.5}`, "socketChannelLimit", "a whole number"},
	{`{"socketStreamCleanupMode":"drop"}`, "socketStreamCleanupMode", "kill, close or none"},
	{`{"maxPayload":-1}`, "maxPayload", "a whole number of bytes"},
	{`{"maxPayload":"1"}`, "maxPayload", "a whole number of bytes"},
	{`{"perMessageDeflate":5}`, "perMessageDeflate", "true, false, or an object"},
	{`{"perMessageDeflate":{"threshold":"x"}}`, "perMessageDeflate", "true, false, or an object"},
	{`{"wsEngine":"ws"}`, "wsEngine", "there is one engine"},
	{`{"brokerEngine":{}}`, "brokerEngine", "in code"},
	{`{"authEngine":{}}`, "authEngine", "in code"},
	{`{"codecEngine":{}}`, "codecEngine", "in code"},
	{`{"handleProtocols":1}`, "handleProtocols", "in code"},
	{`{"httpServer":1}`, "httpServer", "http.Handler"},
	{`{"requestCreator":1}`, "requestCreator", "agserver.Request"},
	{`{"wsEngineServerOptions":{}}`, "wsEngineServerOptions", "maxPayload and perMessageDeflate are options of their own"},
}

// A bad option is named, with what is allowed.
func TestParseOptions_Errors(t *testing.T) {
	for _, test := range refusedOptions {
		t.Run(test.text, func(t *testing.T) {
			_, err := agserver.ParseOptions([]byte(test.text))
			if !errors.Is(err, protocol.ErrInvalidOptions) {
				t.Fatalf("ParseOptions() = %v, want InvalidOptionsError", err)
			}
			for _, part := range []string{test.name, test.allowed} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("ParseOptions() = %v, want it to say %q", err, part)
				}
			}
		})
	}
	// Every option is among them.
	for _, name := range agserver.OptionNames() {
		if !slices.ContainsFunc(refusedOptions, func(test struct{ text, name, allowed string }) bool {
			return strings.HasPrefix(test.text, `{"`+name+`":`)
		}) {
			t.Errorf("no bad value of %s is tested", name)
		}
	}
}

// A key that is refused is not shown.
func TestParseOptions_KeysStayHidden(t *testing.T) {
	for _, text := range []string{
		`{"authKey":["hunter2"]}`,
		`{"authPrivateKey":"hunter2","authPublicKey":"hunter2"}`,
	} {
		if _, err := agserver.ParseOptions([]byte(text)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("ParseOptions(%s) = %v, want an error that hides the key", text, err)
		}
	}
}
