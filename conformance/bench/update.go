package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/socketcluster-go/socketcluster/conformance/program"
)

// updated are the pages that quote results.
var updated = []string{"docs/performance.md", "docs/scaling.md", "README.md"}

// A quotation stands between two comments: "<!-- bench: NAME -->" and
// "<!-- bench: end -->".
var quotation = regexp.MustCompile(`(?s)(<!-- bench: ([a-z -]+) -->\n).*?(<!-- bench: end -->)`)

// update replaces the quotations in the pages of the repository by what the
// results say; those of which nothing was measured stay as they are.
func update(results []result) error {
	root, err := program.Root()
	if err != nil {
		return err
	}
	parts := quotations(results)
	for _, page := range updated {
		name := filepath.Join(root, page)
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		quoted, err := quote(string(text), parts)
		if err != nil {
			return fmt.Errorf("%s: %w", page, err)
		}
		if err := os.WriteFile(name, []byte(quoted), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// quote replaces the quotations in a text. A name that does not exist is an
// error; an empty part changes nothing.
func quote(text string, parts map[string]string) (string, error) {
	var unknown []string
	text = quotation.ReplaceAllStringFunc(text, func(old string) string {
		m := quotation.FindStringSubmatch(old)
		part, ok := parts[m[2]]
		if !ok {
			unknown = append(unknown, m[2])
		}
		if part == "" {
			return old
		}
		return m[1] + part + m[3]
	})
	if unknown != nil {
		return "", fmt.Errorf("there is nothing to quote under %s", strings.Join(unknown, ", "))
	}
	return text, nil
}

// quotations are what a page may quote, by name.
func quotations(results []result) map[string]string {
	markdown := func(t table) string {
		if len(t) < 2 {
			return ""
		}
		var b strings.Builder
		t.markdown(&b)
		return b.String()
	}
	parts := map[string]string{"table": markdown(compare(results)), "summary": markdown(summarise(results)), "machine": ""}
	parts["features of messages"] = markdown(messageCosts(results))
	parts["features of sockets"] = markdown(socketCosts(results))
	parts["features deflate"] = markdown(deflateCosts(results))
	parts["clusters"] = markdown(clusterTable(results))
	parts["cluster locality"] = markdown(localityTable(results))
	parts["cluster costs"] = markdown(clusterCosts(results))
	parts["cluster examples"] = markdown(examplesTable(results))
	for _, c := range curves() {
		parts["growth "+c.name] = markdown(c.table(results))
	}
	for _, r := range results {
		if host, ok := r["host"].(string); ok {
			parts["machine"] = host + "\n"
		}
	}
	return parts
}

// headlines are the figures of the short table, by row and field.
var headlines = [][2]string{
	{"idle10k", "rss_per_conn"}, {"idle10k", "cpu_s_per_1000_connects"},
	{"fanout-w16", fieldDelivery}, {"fanout-w16", "per_s"}, {"fanout-rate50", fieldDelivery},
	{"pubsub-w4", fieldDelivery}, {"rpc-w8", fieldCall}, {"rpc-w8", "per_s"}, {"rpc-w1", fieldCall},
	{"pubsub-rate5k", "p99_us"},
}

// summarise makes the short table.
func summarise(results []result) table {
	m := group(results)
	t := table{{"load", "figure", "Node", "this server", "better by"}}
	title := ""
	for _, h := range headlines {
		for _, r := range rows {
			for _, f := range r.figures {
				ours, ok := m.of(r.name, oursName, f)
				reference, ok2 := m.of(r.name, referenceName, f)
				if r.name != h[0] || f.field != h[1] || !ok || !ok2 {
					continue
				}
				better := ratio(reference, ours)
				if f.more {
					better = ratio(ours, reference)
				}
				first := r.title
				if first == title {
					first = ""
				}
				title = r.title
				t = append(t, []string{first, f.label, f.show(reference), f.show(ours), better + " times"})
			}
		}
	}
	return t
}
