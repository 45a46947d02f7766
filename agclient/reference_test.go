package agclient_test

type referenceProcess struct{}

func (referenceProcess) stop() {}

var reference referenceProcess
