//go:build !linux

package main

import "errors"

const hasLoop = false

func bareLoop([]string) error { return errors.New("loop: Linux only") }
