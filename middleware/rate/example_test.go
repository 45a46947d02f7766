package rate_test

import (
	"fmt"

	"github.com/socketcluster-go/socketcluster/middleware/rate"
)

func ExampleTable() {
	logins := rate.NewTable[string](rate.Limit{PerSecond: 0.1, Burst: 3}, 0)
	for range 4 {
		fmt.Println(logins.Take("ada") == 0)
	}
	fmt.Println(logins.Take("bob") == 0)
	// Output:
	// true
	// true
	// true
	// false
	// true
}
