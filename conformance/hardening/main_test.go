package hardening_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if options := os.Getenv(childEnv); options != "" {
		os.Exit(child(options))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		agserverProgram.Remove()
		os.Exit(status)
	}))
}
