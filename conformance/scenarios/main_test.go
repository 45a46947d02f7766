package scenarios_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		goApp.Remove()
		binapp.Remove()
		os.Exit(status)
	}))
}
