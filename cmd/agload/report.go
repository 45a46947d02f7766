package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/socketcluster-go/socketcluster/cmd/agload/internal/report"
)

// writeReport makes a page of files of results.
func writeReport(args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("report", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	file := set.String("o", "", "")
	title := set.String("title", "Load report", "")
	files, err := parseMixed(set, args)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("no file of results is given")
	}
	if err != nil {
		fmt.Fprintf(stderr, "agload report: %v (agload help report)\n", err)
		return exitUsage
	}
	if err := reportOn(files, *title, *file, stdout); err != nil {
		fmt.Fprintf(stderr, "agload report: %v\n", err)
		return exitFailed
	}
	return exitOK
}

// parseMixed parses flags that may stand between and behind other words.
func parseMixed(set *flag.FlagSet, args []string) (words []string, err error) {
	for len(args) > 0 {
		if err := set.Parse(args); err != nil {
			if name, ok := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); ok {
				return nil, fmt.Errorf("--%s is no flag of %s", name, set.Name())
			}
			return nil, err
		}
		if args = set.Args(); len(args) > 0 {
			words = append(words, args[0])
			args = args[1:]
		}
	}
	return words, nil
}

// reportOn writes the page to a file, to stdout if there is none. Nothing is
// written unless all of it can be.
func reportOn(files []string, title, file string, stdout io.Writer) error {
	var runs []report.Run
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		more, err := report.Read(bytes.NewReader(text), name)
		if err != nil {
			return err
		}
		runs = append(runs, more...)
	}
	var page bytes.Buffer
	if err := report.Write(&page, title, runs); err != nil {
		return err
	}
	if file == "" {
		_, err := stdout.Write(page.Bytes())
		return err
	}
	return os.WriteFile(file, page.Bytes(), 0o644)
}
