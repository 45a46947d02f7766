'use strict';

// The types of actions, which the suite compares with.
module.exports = {
  TRANSMIT: 'transmit',
  INVOKE: 'invoke',
  SUBSCRIBE: 'subscribe',
  PUBLISH_IN: 'publishIn',
  AUTHENTICATE: 'authenticate'
};
