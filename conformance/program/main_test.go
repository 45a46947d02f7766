package program_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// childEnv is set where this test is a program that it starts itself.
const childEnv = "PROGRAM_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		os.Exit(child(os.Args[1], os.Args[2]))
	}
	goleak.VerifyTestMain(m)
}

// child does one thing: it ends with a status, listens at an address, and says at which,
// or stays when it is asked to end.
func child(what, with string) int {
	switch what {
	case "end":
		fmt.Println(`{"msg":"ending","status":` + with + `}`)
		status, _ := strconv.Atoi(with)
		return status
	case "listen":
		l, err := net.Listen("tcp", with)
		if err != nil {
			return 1
		}
		fmt.Printf(`{"msg":"listening","address":"%s"}`+"\n", l.Addr())
		for {
			c, err := l.Accept()
			if err != nil {
				return 1
			}
			_ = c.Close()
		}
	case "stay":
		signal.Ignore(syscall.SIGTERM)
		fmt.Println("staying")
		select {}
	}
	return 2
}

func childCommand(what, with string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], what, with)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	return cmd
}
