// A worker on the Node server, set up as in the app template.
const http = require('http');
const crypto = require('crypto');
const eetase = require('eetase');
const socketClusterServer = require('socketcluster-server');
const sccBrokerClient = require('scc-broker-client');

const env = process.env;
const httpServer = eetase(http.createServer());
const agServer = socketClusterServer.attach(httpServer, {});

(async () => {
  for await (let {error} of agServer.listener('error')) console.error(error);
})();
(async () => {
  for await (let {warning} of agServer.listener('warning')) console.error(warning);
})();

const sccClient = sccBrokerClient.attach(agServer.brokerEngine, {
  instanceId: crypto.randomUUID(),
  instancePort: env.SOCKETCLUSTER_PORT,
  instanceIp: env.SCC_INSTANCE_IP || null,
  instanceIpFamily: env.SCC_INSTANCE_IP_FAMILY || null,
  pubSubBatchDuration: Number(env.SCC_PUB_SUB_BATCH_DURATION) || null,
  stateServerHost: env.SCC_STATE_SERVER_HOST,
  stateServerPort: env.SCC_STATE_SERVER_PORT,
  mappingEngine: env.SCC_MAPPING_ENGINE || null,
  clientPoolSize: env.SCC_CLIENT_POOL_SIZE || null,
  authKey: env.SCC_AUTH_KEY || null,
  stateServerReconnectRandomness: Number(env.SCC_STATE_SERVER_RECONNECT_RANDOMNESS) || null,
  brokerRetryDelay: Number(env.SCC_BROKER_RETRY_DELAY) || null
});
(async () => {
  for await (let {error} of sccClient.listener('error')) console.error(error);
})();
(async () => {
  for await (let {brokerURIs} of sccClient.listener('updateBrokers')) console.log('brokers', brokerURIs.join(' '));
})();

httpServer.listen(Number(env.SOCKETCLUSTER_PORT), '127.0.0.1');
