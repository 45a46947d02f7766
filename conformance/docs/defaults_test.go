package docs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/agserver"
)

// The table of limits in docs/security.md has the defaults that the code has.
func TestSecurity_Defaults(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "\n## Limits\n")
	table, _, _ = strings.Cut(table, "\n## ")
	options := reflect.ValueOf(agserver.New(nil).Options())
	checked := 0
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\| ([^|]*) \\|").FindAllStringSubmatch(table, -1) {
		defaults := strings.Split(row[2], ", ")
		for i, field := range strings.Split(row[1], ", ") {
			field = strings.Trim(field, "`")
			value := options.FieldByName(field)
			if !value.IsValid() {
				t.Errorf("%s is no field of agserver.Options", field)
				continue
			}
			if got, want := defaults[i], value.Interface(); !says(got, want) {
				t.Errorf("the default of %s is said to be %q, want %v", field, got, want)
			}
			checked++
		}
	}
	if checked < 15 {
		t.Errorf("checked %d defaults, want at least 15", checked)
	}
}

// says reports whether a text such as "16 MiB" or "none" is that value.
func says(text string, value any) bool {
	number, unit, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(strings.ReplaceAll(number, ",", ""), 10, 64)
	if err != nil { // "none", "the system's"
		return reflect.ValueOf(value).IsZero()
	}
	switch unit {
	case "s":
		n *= int64(time.Second)
	case "KiB":
		n <<= 10
	case "MiB":
		n <<= 20
	}
	return reflect.ValueOf(value).Int() == n
}
