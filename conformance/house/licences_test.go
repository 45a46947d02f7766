package house_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/licences.md anew")

// licencePage is where the dependencies and their licences stand.
var licencePage = filepath.Join("..", "..", "docs", "licences.md")

// licenceTexts are sentences by which the licences of Go modules are known, all of
// which MIT-licensed software may be linked with.
var licenceTexts = []struct{ name, sentence string }{
	{"Apache-2.0", "Apache License Version 2.0"},
	{"BSD-3-Clause", "Neither the name of"},
	{"BSD-2-Clause", "Redistribution and use in source and binary forms"},
	{"MIT", "Permission is hereby granted, free of charge, to any person obtaining a copy"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose"},
	{"MPL-2.0", "Mozilla Public License Version 2.0"},
}

// npmLicences are those that a package of our tests may have. None is part of what
// others get.
var npmLicences = []string{"MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "BlueOak-1.0.0", "Python-2.0", "0BSD", "CC0-1.0", "Unlicense"}

// TestLicences_Listed: every module that is compiled is on the page with its
// licence, and no other.
func TestLicences_Listed(t *testing.T) {
	all := modules(t, "-test", "./...")
	linked := modules(t, "./agclient/...", "./agserver/...", "./authtoken/...", "./channels/...", "./cmd/...", "./middleware/...", "./protocol/...")
	var b strings.Builder
	b.WriteString(licenceHead)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		licence, err := licenceOf(all[path])
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		use := "tests"
		if _, ok := linked[path]; ok {
			use = "packages or programs"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", path, licence, use)
	}
	want := b.String()
	if *update {
		if err := os.WriteFile(licencePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(licencePage); err != nil || string(got) != want {
		t.Errorf("docs/licences.md is not what it should be (%v): go test ./conformance/house -run Licences -update", err)
	}
}

const licenceHead = `# Licences

This software is under the MIT licence. These are the modules that its packages, programs and tests are
compiled with, as a test reads them from their sources (` + "`go test ./conformance/house -run Licences -update`" + `
writes this page). All of them may be linked into MIT-licensed and into closed software, on the condition that
their notices go along with binaries.

Not all of it is in every program: ` + "`go version -m`" + ` lists what a binary holds. The npm packages of the tests are
part of nothing that is handed on; the licence of each stands in its lock file, and the same test looks at them.

| module | licence | compiled into |
|---|---|---|
`

// modules are the modules other than ours that packages need, and their folders.
func modules(t *testing.T, args ...string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=Module"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.String())
	}
	found := make(map[string]string)
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p struct {
			Module *struct {
				Path, Dir string
				Main      bool
			}
		}
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		if p.Module != nil && !p.Module.Main {
			found[p.Module.Path] = p.Module.Dir
		}
	}
	if len(found) < 3 {
		t.Fatalf("%v found %d modules, which cannot be all", cmd.Args, len(found))
	}
	return found
}

// licenceOf reads the licence of the module in dir.
func licenceOf(dir string) (string, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if name := strings.ToUpper(f.Name()); !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return "", err
		}
		if name := licenceName(string(text)); name != "" {
			return name, nil
		}
	}
	return "", fmt.Errorf("no licence that is known to be compatible: see %s", dir)
}

// licenceName says which licences a text holds, as different parts of a module may
// have different ones; "" = none of those we know.
func licenceName(text string) string {
	words := strings.Join(strings.Fields(text), " ")
	var names []string
	for _, l := range licenceTexts {
		if strings.Contains(words, l.sentence) && (l.name != "BSD-2-Clause" || !slices.Contains(names, "BSD-3-Clause")) {
			names = append(names, l.name)
		}
	}
	return strings.Join(names, ", ")
}

// The GNU licences ask more than MIT-licensed software can keep.
func TestLicences_OthersAreRefused(t *testing.T) {
	for _, text := range []string{"", "GNU GENERAL PUBLIC LICENSE Version 3, 29 June 2007", "All rights reserved.", "Business Source License 1.1"} {
		if got := licenceName(text); got != "" {
			t.Errorf("licenceName(%q) = %s, want none", text, got)
		}
	}
}

// TestLicences_Packages reads the lock files of the tests.
func TestLicences_Packages(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(filepath.Join("..", ".."), func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return fs.SkipDir
		}
		if d.Name() != "package-lock.json" {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var lock struct {
			Packages map[string]struct{ License string }
		}
		if err := json.Unmarshal(text, &lock); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for path, p := range lock.Packages {
			if strings.HasSuffix(path, "/querystring") && p.License == "" {
				p.License = "MIT" // in an older form, which lock files do not take over
			}
			if seen++; path != "" && !slices.Contains(npmLicences, p.License) {
				t.Errorf("%s: %s is under %q", name, path, p.License)
			}
		}
		return nil
	})
	if err != nil || seen < 20 {
		t.Errorf("found %d packages (%v), which cannot be all", seen, err)
	}
}
