// Maps channels as scc-broker-client does: a line of JSON with sites and
// names is answered by one with, for each name, the site of either engine.
const readline = require('readline');
const SkeletonRendezvousMapper = require('scc-broker-client/mappers/skeleton-rendezvous-mapper');
const SimpleMapper = require('scc-broker-client/mappers/simple-mapper');

readline.createInterface({input: process.stdin}).on('line', (line) => {
  const {sites, names} = JSON.parse(line);
  const skeleton = new SkeletonRendezvousMapper();
  const simple = new SimpleMapper();
  skeleton.setSites(sites);
  simple.setSites(sites);
  console.log(JSON.stringify(names.map((name) => ({
    skeleton: skeleton.findSite(name) || '',
    simple: simple.findSite(name) || ''
  }))));
});
