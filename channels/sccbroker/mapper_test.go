package sccbroker_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/socketcluster-go/socketcluster/channels/sccbroker"
)

// vector is what scc-broker-client 10.0.0 maps channels to.
type vector struct {
	Sites    []string
	Names    []string
	Skeleton []string
	Simple   []string
}

func TestMappers(t *testing.T) {
	text, err := os.ReadFile("testdata/mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		t.Run(fmt.Sprint(len(v.Sites), "Sites"), func(t *testing.T) {
			before := slices.Clone(v.Sites)
			skeleton, simple := sccbroker.SkeletonRendezvous{}.Map(v.Sites), sccbroker.Simple{}.Map(v.Sites)
			for i, name := range v.Names {
				if got := skeleton(name); got != v.Skeleton[i] {
					t.Errorf("SkeletonRendezvous maps %q to %q, want %q", name, got, v.Skeleton[i])
				}
				if got := simple(name); got != v.Simple[i] {
					t.Errorf("Simple maps %q to %q, want %q", name, got, v.Simple[i])
				}
			}
			if !slices.Equal(v.Sites, before) {
				t.Error("a mapper has changed the list")
			}
		})
	}
}

func BenchmarkSkeletonRendezvous(b *testing.B) {
	for _, n := range []int{1, 4, 16, 64} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var sites []string
			for i := range n {
				sites = append(sites, fmt.Sprintf("ws://10.0.0.%d:8888", i))
			}
			site := sccbroker.SkeletonRendezvous{}.Map(sites)
			b.ReportAllocs()
			for b.Loop() {
				site("room/12345")
			}
		})
	}
}
