// inTasks has the handlers of a WebSocket class of the package ws called in a
// task of their own, one for each event, as in a browser.
//
// The package calls the handlers for all frames of a TCP segment in one go. A
// client that answers a promise over one of them and emits an event over the
// next one then does the second thing first, or does not, as the frames happen
// to lie in segments. That is of no server's making.
export function inTasks(WebSocket) {
  for (let name of ['onopen', 'onmessage', 'onclose', 'onerror']) {
    let property = Object.getOwnPropertyDescriptor(WebSocket.prototype, name);
    Object.defineProperty(WebSocket.prototype, name, {
      ...property,
      set(handler) {
        property.set.call(this, (...args) => enqueue(this, () => handler.apply(this, args)));
      }
    });
  }
}

const queues = new WeakMap();

function enqueue(socket, task) {
  let queue = queues.get(socket);
  if (!queue) {
    queues.set(socket, queue = []);
  }
  queue.push(task);
  if (queue.length === 1) {
    setImmediate(next, queue);
  }
}

function next(queue) {
  queue[0]();
  queue.shift();
  if (queue.length > 0) {
    setImmediate(next, queue);
  }
}
