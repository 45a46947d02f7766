package playground_test

import (
	"fmt"
	"net/http/httptest"

	"github.com/socketcluster-go/socketcluster/cmd/agserver/playground"
)

func ExampleNew() {
	page, err := playground.New(&playground.Options{Path: "/socketcluster/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=utf-8
}
