package main

import "slices"

// Diff compares two recordings line by line and returns the lines in which
// they differ: "- " before one that only the reference has, "+ " before one
// that only the subject has.
func Diff(reference, subject []string) []string {
	// The table of the longest common subsequence: recordings are short.
	common := make([][]int, len(reference)+1)
	for i := range common {
		common[i] = make([]int, len(subject)+1)
	}
	for i, r := range slices.Backward(reference) {
		for j, s := range slices.Backward(subject) {
			if r == s {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var lines []string
	i, j := 0, 0
	for i < len(reference) || j < len(subject) {
		switch {
		case i < len(reference) && j < len(subject) && reference[i] == subject[j]:
			i, j = i+1, j+1
		case j == len(subject) || i < len(reference) && common[i+1][j] >= common[i][j+1]:
			lines = append(lines, "- "+reference[i])
			i++
		default:
			lines = append(lines, "+ "+subject[j])
			j++
		}
	}
	return lines
}
