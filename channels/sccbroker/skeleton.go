package sccbroker

import (
	"bytes"
	"crypto/md5"
	"math"
	"slices"
	"strconv"
)

// SkeletonRendezvous is scc-broker-client's mapping engine "skeletonRendezvous",
// its default: of a group of 16 brokers the one whose MD5 together with the
// channel is highest, and of several groups the one that a tree of such choices
// leads to. When a broker comes or goes, few channels move.
type SkeletonRendezvous struct{}

// The skeleton's shape. scc-broker-client does not let it be chosen.
const (
	skeletonFanout = 2
	skeletonGroup  = 16 // brokers in a group; fewer join the other groups
)

// Map implements Mapper.
func (SkeletonRendezvous) Map(uris []string) func(channel string) string {
	s := skeleton{groups: skeletonGroups(uris)}
	if n := len(s.groups); n > 1 {
		s.levels = int(math.Ceil(math.Log(float64(n)) / math.Log(skeletonFanout)))
	}
	return s.site
}

// skeleton is the mapping for one list of brokers.
type skeleton struct {
	groups [][]string
	levels int // choices from the root of the tree to a group
}

// skeletonGroups puts each broker into a group.
func skeletonGroups(uris []string) [][]string {
	sorted := slices.Compact(slices.Sorted(slices.Values(uris)))
	groups := slices.Collect(slices.Chunk(sorted, skeletonGroup))
	n := len(groups) - 1
	if n < 1 || len(groups[n]) == skeletonGroup {
		return groups
	}
	rest := groups[n]
	groups = groups[:n]
	for i, uri := range rest {
		groups[i%n] = append(slices.Clip(groups[i%n]), uri)
	}
	return groups
}

// site returns a channel's broker. The tree may have more leaves than there are
// groups: who comes to one without tries again with the next salt.
func (s *skeleton) site(channel string) string {
	if len(s.groups) == 0 {
		return ""
	}
	key := make([]byte, 0, len(channel)+64)
	for salt := 0; ; salt++ {
		key = append(key[:0], channel...)
		if salt > 0 {
			key = strconv.AppendInt(key, int64(salt), 10)
		}
		group, path := s.descend(key)
		if group >= len(s.groups) {
			continue
		}
		key = append(key[:0], channel...)
		key = strconv.AppendInt(key, int64(salt), 10)
		key = append(key, path...)
		return highest(key, s.groups[group])
	}
}

// descend returns the number of the group that a key leads to, and the way there
// as digits.
func (s *skeleton) descend(key []byte) (group int, path []byte) {
	for level := range s.levels {
		branch, best := 0, [md5.Size]byte{}
		for i := range skeletonFanout {
			text := strconv.AppendInt(slices.Clip(key), int64(level), 10)
			sum := md5.Sum(strconv.AppendInt(text, int64(i), 10))
			if i == 0 || bytes.Compare(sum[:], best[:]) > 0 {
				branch, best = i, sum
			}
		}
		group = group*skeletonFanout + branch
		path = strconv.AppendInt(path, int64(branch), 10)
	}
	return group, path
}

// highest returns the broker with the highest hash together with the key.
func highest(key []byte, uris []string) string {
	var best [md5.Size]byte
	site := ""
	for i, uri := range uris {
		sum := md5.Sum(append(key, uri...))
		if i == 0 || bytes.Compare(sum[:], best[:]) > 0 {
			site, best = uri, sum
		}
	}
	return site
}
