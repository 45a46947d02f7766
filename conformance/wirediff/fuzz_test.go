package main

import (
	"path/filepath"
	"testing"

	"github.com/socketcluster-go/socketcluster/conformance/internal/app"
	"github.com/socketcluster-go/socketcluster/conformance/npm"
)

// FuzzServers_Agree plays a generated sequence of frames on both servers. The
// first byte chooses the options, the others the frames.
//
//	go test ./conformance/wirediff -run=NONE -fuzz=FuzzServers_Agree -fuzztime=5m
func FuzzServers_Agree(f *testing.F) {
	if testing.Short() {
		f.Skip("starts processes")
	}
	dir := npm.Install(f, "../reference")
	subject, err := goProgram(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	reference := app.Program{Args: []string{npm.Node(f), filepath.Join(dir, "main.js")}}
	pairs := make([]serverPair, len(fuzzOptions))
	f.Cleanup(func() {
		for i := range pairs {
			pairs[i].stop()
		}
	})
	for seed := range byte(40) {
		f.Add([]byte{seed, seed * 7, seed * 31, 3, seed * 17, 200, seed * 5, 99, seed * 3, 45, seed * 23, 7, seed, 150, 31})
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 || len(data) > 2*fuzzBytes {
			return
		}
		which := int(data[0]) % len(fuzzOptions)
		group, err := fuzzGroup(which)
		if err != nil {
			t.Fatal(err)
		}
		options, key, err := expandOptions(group.Options)
		if err != nil {
			t.Fatal(err)
		}
		pair := &pairs[which]
		if err := pair.start(reference, subject, options); err != nil {
			t.Fatal(err)
		}
		script := Generate(data[1:])
		result := Result{Transcript: script}
		result.Reference, result.Diff, result.Err = pair.play(script, key)
		if !result.OK() {
			pair.stop()
			t.Errorf("servers disagree with options %s:\n%s", group.Name, result)
		}
	})
}
