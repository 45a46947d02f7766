package link

import "fmt"

// CheckNotNegative returns an error if an option of a broker, a time or a number, is
// below zero.
func CheckNotNegative[T ~int | ~int64](broker, option string, value T) error {
	if value < 0 {
		return fmt.Errorf("%s: Options.%s is negative: %v", broker, option, value)
	}
	return nil
}
