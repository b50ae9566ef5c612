import type { Driver } from '../driver.js'

export const databases: readonly Driver[] = [
  {
    name: 'mysql2',
    packages: ['mysql2'],
    server: 'mariadb',
    reach:
      "`pool.on('connection', (connection) => controlClosure(connection.stream, policy))`; of one connection " +
      '`controlClosure(connection.connection.stream, policy)` after `await createConnection()`',
    lookOut:
      'MariaDB never sends close_notify, neither in answer nor when it closes first, as it does after `end()` and `KILL`. ' +
      "With `onTruncation: 'error'` a connection that it kills fails with `ERR_TLS_TRUNCATED` in place of " +
      '`PROTOCOL_CONNECTION_LOST`: leave it out, or add the code to those on which the program reconnects. `destroy()` of ' +
      'mysql2 is `end()` of the stream, so that `mode` holds there',
    fails: { 'a wrong query': 'ER_PARSE_ERROR', 'its own end, killed': 'Connection was killed' },
    expected: {
      bidirectional: [
        [3, 'client, bidirectional, truncated, no close_notify came'],
        [1, 'client, bidirectional, unanswered, no close_notify came'],
      ],
      strict: [
        [3, 'client, uncontrolled, truncated, no close_notify came'],
        [1, 'client, bidirectional, unanswered, no close_notify came'],
      ],
      strictly: { 'the error that follows': 'ERR_TLS_TRUNCATED' },
    },
  },
  {
    name: 'mariadb',
    packages: ['mariadb'],
    server: 'mariadb',
    reach:
      '`ssl: closingConnect(policy)({ ca })`, of a connection or a pool: it hands the options on to `tls.connect()`',
    lookOut:
      'the driver destroys its sockets, so that `mode` has nothing to act on, and a close_notify goes only with ' +
      "`onDestroy: 'close_notify'`. After `end()` not even then: it destroys right behind its " +
      "COM_QUIT; `truncated` in place of `aborted` where MariaDB's FIN was there by then. With " +
      "`onTruncation: 'error'` a connection that MariaDB kills fails with `ERR_TLS_TRUNCATED` in place of " +
      '`ER_SOCKET_UNEXPECTED_CLOSE`',
    fails: { 'a wrong query': 'ER_PARSE_ERROR', 'its own end, killed': 'ER_CONNECTION_KILLED' },
    expected: {
      bidirectional: [
        [
          3,
          'client, uncontrolled, aborted, no close_notify came',
          'client, uncontrolled, truncated, no close_notify came',
        ],
        [1, 'client, uncontrolled, truncated, no close_notify came'],
      ],
      strict: [
        [
          2,
          'client, uncontrolled, aborted, no close_notify came',
          'client, uncontrolled, truncated, no close_notify came',
        ],
        [1, 'client, uncontrolled, half-closed, no close_notify came'],
        [1, 'client, uncontrolled, truncated, no close_notify came'],
      ],
      strictly: { 'the error that follows': 'ERR_TLS_TRUNCATED' },
    },
  },
  {
    name: 'ioredis',
    packages: ['ioredis'],
    server: 'redis',
    reach: '`tls: closingConnect(policy)({ ca })`: it hands the options on to `tls.connect()`, at each reconnect too',
    lookOut:
      'Redis sends close_notify when it closes first (`QUIT`, `CLIENT KILL`), and none in answer to one (`disconnect()`): a ' +
      "bare FIN at once. With `onTruncation: 'error'` each `disconnect()` therefore emits an 'error' with " +
      '`ERR_TLS_TRUNCATED`: leave by `quit()`, or leave it out. `unreciprocated` after `quit()`: Redis has closed TCP by ' +
      'then, and takes no alert',
    expected: {
      bidirectional: [
        [
          2,
          'client, bidirectional, unreciprocated, close_notify came',
          'client, bidirectional, clean, close_notify came',
        ],
        [1, 'client, bidirectional, unanswered, no close_notify came'],
      ],
      strict: [
        [
          2,
          'client, bidirectional, unreciprocated, close_notify came',
          'client, bidirectional, clean, close_notify came',
        ],
        [1, 'client, bidirectional, unanswered, no close_notify came'],
      ],
      strictly: { disconnected: ['ERR_TLS_TRUNCATED'] },
    },
  },
  {
    name: 'redis',
    packages: ['redis'],
    server: 'redis',
    reach:
      '`socket: closingConnect(policy)({ host, port, tls: true })`: its sockets are private, but it hands the options on ' +
      'to `tls.connect()`, at each reconnect too',
    lookOut:
      '`close()` and `destroy()` both destroy the socket, so that `mode` has nothing to act on there, and a close_notify goes ' +
      "only with `onDestroy: 'close_notify'`. With `onTruncation: 'error'` nothing fails that did not fail before",
    expected: {
      bidirectional: [
        [
          1,
          'client, bidirectional, unreciprocated, close_notify came',
          'client, bidirectional, clean, close_notify came',
        ],
        [2, 'client, uncontrolled, aborted, no close_notify came'],
      ],
      strict: [
        [
          1,
          'client, bidirectional, unreciprocated, close_notify came',
          'client, bidirectional, clean, close_notify came',
        ],
        [2, 'client, uncontrolled, half-closed, no close_notify came'],
      ],
    },
  },
]
