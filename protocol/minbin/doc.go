// Package minbin is the codec of sc-codec-min-bin 3.0.0: packets as MessagePack,
// with the envelope of calls, transmits and answers as short arrays.
//
//	srv := agserver.New(&agserver.Options{Codec: minbin.Codec{}})
package minbin
