// Command binapp is a part of the conformance app with the codec of
// sc-codec-min-bin, for the scenarios of minbin.mjs: what conformance/app does
// under the same names of procedures and receivers, it does too.
//
//	binapp --port 8000 --options '{"authKey": "…"}'
package main
