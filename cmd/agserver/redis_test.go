package main_test

import (
	"net"
	"os"
	"os/exec"
	"testing"
)

const redisPassword = "s3cret"

// startRedis starts a redis-server that ends with the test, and returns its
// address. Without one on this machine the test is left out, or, with CI=true,
// fails.
func startRedis(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal("redis-server is not installed (Debian: apt-get install redis-server)")
	} else if err != nil {
		t.Skip("redis-server is not installed (Debian: apt-get install redis-server)")
	}
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(),
		"--requirepass", redisPassword)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	waitListening(t, address)
	return address
}
