package sccstate

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/socketcluster-go/socketcluster/agserver"
	"github.com/socketcluster-go/socketcluster/protocol"
)

// What instances call themselves in the query parameter instanceType.
const (
	brokerType = "scc-broker"
	workerType = "scc-worker"
)

// maxHost is the longest name that the DNS has, in bytes.
const maxHost = 253

// instance is who joins: what it says of itself, and what its connection tells.
type instance struct {
	id     string // its own name for itself, for the log
	uri    string
	socket *agserver.Socket
}

// readInstance makes out who a caller is. A broker has to be one that workers
// can connect to.
func (s *State) readInstance(req *agserver.Request, kind string) (instance, error) {
	data := req.Data()
	host := hostOf(data.Get("instanceIp").String())
	if host == "" {
		host = s.remoteHost(req.Socket)
	}
	port := req.Socket.Request().URL.Query().Get("instancePort")
	n, err := strconv.ParseUint(port, 10, 16)
	isBroker := kind == brokerType // nobody connects to a worker by what is said here
	switch {
	case len(host) > maxHost || strings.ContainsAny(host, " /?#@\\") || isBroker && host == "":
		return instance{}, protocol.ErrInvalidArguments.Withf("The instanceIp must be an address or a host name")
	case isBroker && (err != nil || n == 0) || port != "" && err != nil:
		return instance{}, protocol.ErrInvalidArguments.Withf("The instancePort must be a number from 1 to 65535")
	}
	scheme := "ws://"
	if !data.Member("instanceSecure").Falsy() {
		scheme = "wss://"
	}
	return instance{id: data.Get("instanceId").String(), uri: scheme + host + ":" + port, socket: req.Socket}, nil
}

// hostOf writes an address as URIs have it.
func hostOf(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// remoteHost returns where a connection comes from.
func (s *State) remoteHost(socket *agserver.Socket) string {
	if s.options.ForwardedFor != "" {
		first, _, _ := strings.Cut(socket.Request().Header.Get(s.options.ForwardedFor), ",")
		if first = strings.TrimSpace(first); first != "" {
			return hostOf(first)
		}
	}
	address := socket.RemoteAddr().Addr()
	if !address.IsValid() {
		return ""
	}
	return "[" + netip.AddrFrom16(address.As16()).WithZone(address.Zone()).String() + "]"
}
