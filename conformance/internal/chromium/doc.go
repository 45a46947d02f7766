// Package chromium starts headless browsers that end with their test.
//
//	browser := chromium.Launch(t)
//	tab, cancel := chromedp.NewContext(browser)
//
// Without a browser on the machine the test is left out, as package npm has it.
//
// It imports chromedp and package npm. What it starts, chromedp owns: the end of the
// test waits for it.
package chromium
