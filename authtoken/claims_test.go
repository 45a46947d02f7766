package authtoken_test

import (
	"math"
	"testing"
	"time"

	"github.com/socketcluster-go/socketcluster/authtoken"
)

func TestClaims_Expiry(t *testing.T) {
	for _, tt := range []struct {
		name string
		exp  any
		want time.Time
		ok   bool
	}{
		{"OK", 1700000000.0, time.Unix(1700000000, 0), true},
		{"Fraction", 1700000000.9999, time.Unix(1700000000, 999e6), true},
		{"BeforeTheEpoch", -1.5, time.Unix(-2, 500e6), true},
		{"None", nil, time.Time{}, false},
		{"NoNumber", "1700000000", time.Time{}, false},
		{"BeyondTime", 1e20, time.Time{}, false},
		{"NotANumber", math.NaN(), time.Time{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := authtoken.Claims{"exp": tt.exp}.Expiry()
			if !got.Equal(tt.want) || ok != tt.ok {
				t.Errorf("Expiry() = %v, %v, want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestClaims_Expired(t *testing.T) {
	now := time.UnixMilli(1700000000500)
	for exp, want := range map[any]bool{
		1700000000.0: true, 1700000000.5: false, 1700000000.499: true, 1700000001.0: false,
		1e300: false, -1e300: true, "x": false, nil: false,
	} {
		if got := (authtoken.Claims{"exp": exp}).Expired(now); got != want {
			t.Errorf("Expired() with exp %v = %v, want %v", exp, got, want)
		}
	}
	if (authtoken.Claims)(nil).Expired(now) {
		t.Error("Expired() of no claims = true, want false")
	}
}
