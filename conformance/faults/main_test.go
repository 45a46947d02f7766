package faults_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/socketcluster-go/socketcluster/conformance/program/programtest"
)

// patience is how long what has to happen may take.
const patience = programtest.Patience

var agserver = programtest.Binary{Package: "./cmd/agserver", Race: true}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == natsMode {
		os.Exit(runNATS(os.Args[2:]))
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		agserver.Remove()
		os.Exit(status)
	}))
}
