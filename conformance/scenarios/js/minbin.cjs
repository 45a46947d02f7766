'use strict';

// Loaded before conformance/reference, this gives its server the codec of
// sc-codec-min-bin, which cannot be said in options that are JSON.

const server = require('../../reference/node_modules/socketcluster-server');
const codecEngine = require('sc-codec-min-bin');

const attach = server.attach;
server.attach = (httpServer, options) => attach(httpServer, {...options, codecEngine});
