package protocol_test

import (
	"testing"

	"github.com/socketcluster-go/socketcluster/protocol"
)

func TestDehydrate_List(t *testing.T) {
	for list, want := range map[string]string{
		`[]`:             `{}`,
		`[1]`:            `{"0":1}`,
		`[ "a", [2] ]`:   `{"0":"a","1":[2]}`,
		`[{"x":1},null]`: `{"0":{"x":1},"1":null}`,
	} {
		if got := protocol.Dehydrate(&protocol.Value{Data: protocol.Data(list)}); got.String() != want {
			t.Errorf("Dehydrate(%s) = %s, want %s", list, got, want)
		}
	}
}
