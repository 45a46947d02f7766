// Package program builds, starts, watches and stops programs, for tests and for what
// measures servers.
//
//	err := program.Build(ctx, file, "./cmd/agserver")
//	log := new(program.Log)
//	cmd := exec.Command(file, "-port", "8000")
//	cmd.Stderr = log
//	p, err := program.Start(cmd)
//	err = p.AwaitListening(ctx, "127.0.0.1:8000")
//	err = p.Stop(10 * time.Second)
//
// Tests have all this shorter in programtest.
//
// It imports the standard library alone. A process has a goroutine that waits for it
// and ends with it; Kill and Stop wait for both.
package program
