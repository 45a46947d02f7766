package soak

import "github.com/socketcluster-go/socketcluster/agserver"

// AddProcedures adds the procedures that a soak calls.
func AddProcedures(srv *agserver.Server) { addProcedures(srv) }
