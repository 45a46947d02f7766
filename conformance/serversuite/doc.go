// Package serversuite holds the server suite of the reference against ours: the
// cases of test/integration.js in the npm package socketcluster-server, which
// agserver/reference_*_test.go port, under the same titles and in the same order.
// There is no case without a counterpart.
package serversuite
