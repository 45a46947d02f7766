// Package report makes one HTML page of the results of load runs: plots as inline
// SVG, and below each the figures it was drawn from. The page needs neither
// scripts nor network, and has a light and a dark form.
//
// [Read] takes JSON lines, as agload --json prints them; runs of the same server
// and settings are taken together, and the median stands for them. [Write] lays
// out the page: sections say what is drawn (section), the runs decide which of
// their settings becomes the axis and which tell curves apart (group), scales
// find the ticks (scale), plots become lines and texts (plot), and page.html has
// the look.
//
// It has no goroutines and imports the standard library alone.
package report
