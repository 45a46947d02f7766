package hardening_test

import (
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// Secrets of the tests of logs. Each is a word that stands nowhere else.
const (
	secretKey     = "q8Zr2mVx0pK4tWn6yBc1dFh3"
	secretCluster = "u5Ls9gJe7oHk2aQi4vXw8zPb"
)

// At the level of details, with every way in which a token goes in and out, the
// log has neither tokens nor keys.
func TestA9_NoSecrets(t *testing.T) {
	t.Setenv("SOCKETCLUSTER_OPTIONS", `{"authKey":"`+secretKey+`"}`)
	t.Setenv("SOCKETCLUSTER_CLUSTER_SECRET", secretCluster)
	for _, format := range []string{"text", "json"} {
		t.Run(format, func(t *testing.T) {
			p := startProgram(t, "-env", "dev", "-log-level", "3", "-log-format", format, "-cluster-host", "127.0.0.1", "-cluster-port", "0")
			c := dial(t, p.addr).upgrade()
			defer c.close()
			id := c.handshake()
			c.id = 2
			c.write(text(`{"event":"login","data":{"username":"ada"},"cid":2}`))
			set := c.expect("a token", func(p packet) bool { return p.Event == "#setAuthToken" })
			var issued struct{ Token string }
			if err := json.Unmarshal(set.Data, &issued); err != nil || strings.Count(issued.Token, ".") != 2 {
				t.Fatalf("#setAuthToken holds %s", set.Data)
			}
			c.useToken(issued.Token)
			other := dial(t, p.addr).upgrade("Cookie: socketcluster.authToken=" + issued.Token)
			defer other.close()
			other.call("#handshake", `{"authToken":"`+issued.Token+`"}`)
			other.write(frame(fin|0x3, []byte(issued.Token))) // a broken frame
			other.closeCode()
			c.write(closeFrame(4321, "done with "+issued.Token[:100])) // as long as a reason may be
			c.closeCode()
			if !poll(func() bool { return strings.Contains(p.Log.String(), "4321") && strings.Contains(p.Log.String(), id) }) {
				t.Errorf("the log is not that of details:\n%s", p.Log.String())
			}
			if status := p.Terminate(); status != 0 {
				t.Errorf("exit status %d", status)
			}
			parts := strings.Split(issued.Token, ".")
			p.without(t, secretKey, secretCluster, parts[1], parts[2])
		})
	}
}

// useToken sends a token in every message that may hold one, sound and not.
func (c *client) useToken(token string) {
	c.t.Helper()
	for _, data := range []string{`"` + token + `"`, `"` + token + `x"`, `{"token":"` + token + `"}`, `["` + token + `"]`} {
		c.call("#authenticate", data)
		c.call("#publish", `{"channel":"log","data":`+data+`}`)
		c.call("#publish", `{"channel":`+data+`,"data":1}`)
		c.call("#subscribe", `{"channel":"log","data":`+data+`}`)
		c.call("#unsubscribe", data)
		c.write(transmit("nobody", data))
	}
	c.write(transmit("#removeAuthToken", "null"))
}

// without checks that the log holds none of the secrets.
func (p *program) without(t *testing.T, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for line := range strings.Lines(p.Log.String()) {
			if strings.Contains(line, secret) {
				t.Errorf("the log holds %q: %s", secret, line)
			}
		}
	}
}

// What is said about settings that are wrong does not repeat the secrets in them.
func TestA9_SettingsWithSecrets(t *testing.T) {
	for name, options := range map[string]string{
		"TornJSON":        `{"authKey":"` + secretKey + `"`,
		"NoText":          `{"authKey":["` + secretKey + `"]}`,
		"OtherOption":     `{"authKey":"` + secretKey + `","origins":7}`,
		"UnknownOption":   `{"authKey":"` + secretKey + `","nonsense":7}`,
		"PrivateAlone":    `{"authPrivateKey":"` + secretKey + `"}`,
		"NoPEM":           `{"authPrivateKey":"` + secretKey + `","authPublicKey":"x"}`,
		"BrokenPEM":       `{"authPrivateKey":"-----BEGIN RSA PRIVATE KEY-----\n` + secretKey + `\n-----END RSA PRIVATE KEY-----\n","authPublicKey":"x"}`,
		"NotAnObject":     `"` + secretKey + `"`,
		"NotJSON":         secretKey,
		"MembersInAList":  `[{"authKey":"` + secretKey + `"}]`,
		"SecondDocuments": `{"authKey":"` + secretKey + `"} {"authKey":"` + secretKey + `"}`,
	} {
		for _, how := range []string{"flag", "variable"} {
			t.Run(name+"/"+how, func(t *testing.T) {
				cmd := command(t, "-log-level", "3")
				if how == "flag" {
					cmd.Args = append(cmd.Args, "-options", options)
				} else {
					cmd.Env = append(cmd.Environ(), "SOCKETCLUSTER_OPTIONS="+options)
				}
				refused(t, cmd)
			})
		}
	}
	t.Run("NATS", func(t *testing.T) {
		cmd := command(t, "-log-level", "3", "-cluster-port", "0")
		cmd.Env = append(cmd.Environ(), "SOCKETCLUSTER_NATS_URL=nats://user:"+secretKey+"@127.0.0.1:1")
		refused(t, cmd)
	})
}

// Settings that do not go together, and are found out when a token is signed.
func TestA9_LateErrors(t *testing.T) {
	p := startProgram(t, "-log-level", "3", "-options", `{"authKey":"`+secretKey+`","authAlgorithm":"RS256"}`)
	c := dial(t, p.addr).upgrade()
	defer c.close()
	c.handshake()
	c.write(text(`{"event":"login","data":{"username":"ada"},"cid":9}`))
	if code := c.closeCode(); code != 4002 {
		t.Errorf("a socket whose token cannot be signed is closed with %d, want 4002", code)
	}
	if status := p.Terminate(); status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
	p.without(t, secretKey)
}

// refused runs a program that must not start, and looks at what it says.
func refused(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	status, stdout, stderr := programtest.Run(t, cmd)
	said := stdout + stderr
	if status == 0 || said == "" {
		t.Errorf("the program ended with %d and said %q, want a refusal and why", status, said)
	}
	if strings.Contains(said, secretKey) {
		t.Errorf("the program said %q", said)
	}
}
