package authtoken_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/authtoken"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// vectorFile is what testdata/generate.js writes.
type vectorFile[V any] struct {
	Now     int64
	Secret  string
	Vectors []V
}

// engine is a JWT engine at the moment of the vectors.
func (f vectorFile[V]) engine() authtoken.JWT {
	return authtoken.JWT{Now: func() time.Time { return time.Unix(f.Now, 250e6) }}
}

func readVectors[V any](t testing.TB, name string) vectorFile[V] {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var f vectorFile[V]
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// readKeys returns the keys of the vectors by their names.
func readKeys(t testing.TB, secret string) map[string]authtoken.Keys {
	t.Helper()
	all := map[string]authtoken.Keys{
		"secret": mustKeys(t, authtoken.KeyOptions{Secret: secret}),
		"other":  mustKeys(t, authtoken.KeyOptions{Secret: secret + "!"}),
	}
	for _, name := range []string{"rsa", "rsa2", "small", "p256", "p256b", "p384", "p521"} {
		all[name] = mustKeys(t, authtoken.KeyOptions{PrivateKey: readPEM(t, name), PublicKey: readPEM(t, name+".pub")})
	}
	return all
}

func mustKeys(t testing.TB, o authtoken.KeyOptions) authtoken.Keys {
	t.Helper()
	keys, err := authtoken.NewKeys(o)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func readPEM(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "keys", name+".pem"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// difference is an answer in which we differ from the reference on purpose.
type difference struct {
	name  *regexp.Regexp // of the vectors
	error string
	why   string
}

// ownError returns the error that stands in the table for a vector.
func ownError(table []difference, name string) (string, bool) {
	for _, d := range table {
		if d.name.MatchString(name) {
			return d.error, true
		}
	}
	return "", false
}

type verifyVector struct {
	Name       string
	Token      protocol.Data
	Key        string
	Algorithms []string
	Claims     json.RawMessage
	Error      json.RawMessage
}

var verifyDifferences = []difference{
	{
		regexp.MustCompile(`^payload/(null|true|5|"text"|\[.*|.*/no typ)$`),
		`{"message":"jwt payload must be an object","name":"AuthTokenInvalidError","isBadToken":true}`,
		"the reference takes any value for claims, even text that is no JSON, and stumbles over null",
	},
}

// Every token gets the reference's answer, to the letter.
func TestJWT_VerifyVectors(t *testing.T) {
	file := readVectors[verifyVector](t, "verify.json")
	keys, engine := readKeys(t, file.Secret), file.engine()
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			text, err := authtoken.SignedText(v.Token)
			var got authtoken.Claims
			if err == nil {
				got, err = engine.Verify(t.Context(), text, keys[v.Key].Verify, &authtoken.VerifyOptions{Algorithms: v.Algorithms})
			}
			want := string(v.Error)
			if own, ok := ownError(verifyDifferences, v.Name); ok && !isObject(v.Claims) {
				want = own
			}
			if err != nil {
				if text := protocol.Dehydrate(err).String(); text != want {
					t.Errorf("Verify() = %s\nwant %s %s", text, want, v.Claims)
				}
				return
			}
			if want != "" {
				t.Fatalf("Verify() = %v, want %s", got, want)
			}
			if want := decodeClaims(t, v.Claims); !reflect.DeepEqual(got, want) {
				t.Errorf("Verify() = %v, want %v", got, want)
			}
		})
	}
}

// Payloads that are no JSON get the words of the reference's JavaScript engine.
func TestJWT_SyntaxVectors(t *testing.T) {
	file := readVectors[[2]protocol.Data](t, "syntax.json")
	key := mustKeys(t, authtoken.KeyOptions{}).Verify
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`))
	for _, v := range file.Vectors {
		text, _ := v[0].Text()
		if text == "" {
			continue // a token without payload is none
		}
		_, err := file.engine().Verify(t.Context(), header+"."+base64.RawURLEncoding.EncodeToString([]byte(text))+".x", key, nil)
		want := `{"message":` + string(v[1]) + `,"name":"AuthTokenError","isBadToken":true}`
		if got := protocol.Dehydrate(err).String(); got != want {
			t.Errorf("Verify() of %q = %s\nwant %s", text, got, want)
		}
	}
}

type signVector struct {
	Name     string
	Claims   protocol.Data
	Options  protocol.Data
	Key      string
	Defaults protocol.Data
	Signed   string
	Result   json.RawMessage
	Errors   []struct{ Name, Message string }
}

var signDifferences = []difference{
	{
		regexp.MustCompile(`^key/secret/none`), `"none" is not a valid algorithm`,
		"the reference makes a token without a signature",
	},
}

// Claims and options that are handed on as they are get the reference's answer.
func TestJWT_SignVectors(t *testing.T) {
	file := readVectors[signVector](t, "sign.json")
	keys, engine := readKeys(t, file.Secret), file.engine()
	for _, v := range file.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			defaults := authtoken.ParseSignOptions(v.Defaults)
			options, refused := authtoken.ParseSignOptions(v.Options).Resolve(defaults, v.Claims)
			if refused {
				if len(v.Errors) == 0 || v.Errors[0].Message != authtoken.ErrAlgorithmAtRuntime.Message {
					t.Fatalf("Resolve() refused an algorithm, want errors %v", v.Errors)
				}
				v.Errors = v.Errors[1:]
			}
			token, err := engine.Sign(t.Context(), v.Claims, keys[v.Key].Sign, &options)
			if err != nil {
				checkSignError(t, err, v)
				return
			}
			if len(v.Errors) != 0 {
				t.Fatalf("Sign() = %v, want %v", token.Claims, v.Errors)
			}
			if want := decodeClaims(t, v.Result); !reflect.DeepEqual(token.Claims, want) {
				t.Errorf("Sign() claims = %v, want %v", token.Claims, want)
			}
			for i, part := range []string{"header", "payload"} {
				if got, want := decodePart(t, token.Signed, i), decodePart(t, v.Signed, i); !reflect.DeepEqual(got, want) {
					t.Errorf("Sign() %s = %v, want %v", part, got, want)
				}
			}
		})
	}
}

func checkSignError(t *testing.T, err error, v signVector) {
	t.Helper()
	want, ok := ownError(signDifferences, v.Name)
	if !ok && len(v.Errors) == 1 {
		want = v.Errors[0].Message
	}
	var named *protocol.Error
	if !errors.As(err, &named) || named.Message != want {
		t.Errorf("Sign() = %v, want %q %v", err, want, v.Errors)
	}
}

func isObject(text json.RawMessage) bool { return len(text) > 0 && text[0] == '{' }

func decodeClaims(t *testing.T, text []byte) authtoken.Claims {
	t.Helper()
	var claims authtoken.Claims
	if err := json.Unmarshal(text, &claims); err != nil {
		t.Fatalf("claims %q: %v", text, err)
	}
	return claims
}

func decodePart(t *testing.T, token string, i int) map[string]any {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[i])
	if err != nil {
		t.Fatal(err)
	}
	var part map[string]any
	if err := json.Unmarshal(text, &part); err != nil {
		t.Fatalf("part %q: %v", text, err)
	}
	return part
}
