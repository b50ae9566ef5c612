import type { Driver } from '../driver.js'

export const mailAndMore: readonly Driver[] = [
  {
    name: 'mqtt',
    packages: ['mqtt'],
    server: 'mosquitto',
    reach: '`mqtt.connect(url, closingConnect(policy)(options))`: it hands the options on to `tls.connect()`',
    lookOut:
      'Mosquitto sends close_notify each time, behind DISCONNECT and when another client takes over the session; in the second ' +
      'case it closes TCP behind it, and ours cannot leave (`unreciprocated`). `end(true)` destroys the socket',
    expected: {
      bidirectional: [
        [2, 'client, bidirectional, clean, close_notify came'],
        [
          1,
          'client, bidirectional, unreciprocated, close_notify came',
          'client, bidirectional, clean, close_notify came',
        ],
        [1, 'client, uncontrolled, aborted, no close_notify came'],
      ],
      strict: [
        [2, 'client, bidirectional, clean, close_notify came'],
        [
          1,
          'client, bidirectional, unreciprocated, close_notify came',
          'client, bidirectional, clean, close_notify came',
        ],
        [1, 'client, uncontrolled, half-closed, no close_notify came'],
      ],
    },
  },
  {
    name: 'ldapts',
    packages: ['ldapts'],
    server: 'slapd',
    reach:
      '`createSecureConnection: (...args) => { const socket = tls.connect(...args); controlClosure(socket, policy); return ' +
      'socket }`, an option of its own, which `startTLS()` takes too',
    lookOut:
      '`unbind()` ends the stream and destroys it in the same turn: a `bidirectional` closing begins, and is over at once ' +
      '(`aborted`). Nothing is lost by it, for LDAP has no answer to unbind',
    fails: { 'a wrong password': '49' },
    expected: {
      bidirectional: [[3, 'client, bidirectional, aborted, no close_notify came']],
      strict: [[3, 'client, bidirectional, aborted, no close_notify came']],
    },
  },
  {
    name: 'basic-ftp',
    packages: ['basic-ftp'],
    server: 'vsftpd',
    reach:
      '`access({ secure: true, secureOptions: closingConnect(policy)({ host }) })`: it hands the options on to ' +
      '`tls.connect()`, for the control connection and for each data connection',
    lookOut:
      'vsftpd demands that data connections resume the session of the control connection, and they do under a policy. ' +
      'Both directions close in full: vsftpd sends close_notify behind a download and answers it behind an upload. This is ' +
      "where `onTruncation: 'error'` belongs: the end of the data is the end of the connection. `close()` destroys the control " +
      'connection right behind its QUIT, and a download that is refused a data connection before its handshake',
    fails: { 'a file that is not there': '550' },
    expected: {
      bidirectional: [
        [3, 'client, bidirectional, clean, close_notify came'],
        [1, 'client, uncontrolled, aborted, no close_notify came'],
        [1, 'client, uncontrolled, no-handshake, no close_notify came'],
      ],
      strict: [
        [3, 'client, bidirectional, clean, close_notify came'],
        [1, 'client, uncontrolled, aborted, no close_notify came'],
        [1, 'client, uncontrolled, no-handshake, no close_notify came'],
      ],
    },
  },
  {
    name: 'imapflow',
    packages: ['imapflow'],
    server: 'dovecot',
    reach: '`tls: closingConnect(policy)({ ca })`: it hands the options on to `tls.connect()`',
    lookOut:
      '`logout()` destroys the socket when it has the answer to LOGOUT, `close()` at once: `mode` has nothing to act on, and ' +
      "a close_notify goes only with `onDestroy: 'close_notify'`. Behind LOGOUT Dovecot closes first, with a close_notify that is " +
      'seen where it comes in time',
    expected: {
      bidirectional: [
        [
          1,
          'client, uncontrolled, aborted, no close_notify came',
          'client, uncontrolled, unreciprocated, close_notify came',
        ],
        [1, 'client, uncontrolled, aborted, no close_notify came'],
      ],
      strict: [
        [
          1,
          'client, uncontrolled, unreciprocated, close_notify came',
          'client, uncontrolled, clean, close_notify came',
          'client, uncontrolled, half-closed, no close_notify came',
          'client, uncontrolled, aborted, no close_notify came',
        ],
        [1, 'client, uncontrolled, half-closed, no close_notify came'],
      ],
    },
  },
  {
    name: 'grpc-client',
    packages: ['@grpc/grpc-js'],
    server: 'grpc-server',
    reach: "`controlProcess({ ...policy, servers: 'off' })`: its channels make their sockets where nobody gets at them",
    lookOut:
      '`close()` ends the session of http2 in order, and the policy closes in full, but where the server drops its own alert, as ' +
      "stock Node's http2 now and then does. Its connections keep no process alive: one that ends right behind `close()` has no report of them",
    fails: { 'one that fails': '5' },
    expected: {
      bidirectional: [
        [
          1,
          'client, bidirectional, clean, close_notify came',
          'client, bidirectional, unanswered, no close_notify came',
        ],
      ],
      strict: [
        [
          1,
          'client, bidirectional, clean, close_notify came',
          'client, bidirectional, unanswered, no close_notify came',
        ],
      ],
    },
  },
  {
    name: 'grpc-server',
    packages: ['@grpc/grpc-js'],
    reach: "`controlProcess({ ...policy, clients: 'off' })`: it makes its servers of http2 where nobody gets at them",
    lookOut:
      'where the client closes its channel, its close_notify and FIN come first; whether our alert leaves before TCP is gone is ' +
      "a race of Node's own http2",
    expected: {
      bidirectional: [
        [
          1,
          'server, bidirectional, clean, close_notify came',
          'server, bidirectional, unreciprocated, close_notify came',
        ],
      ],
      strict: [
        [
          1,
          'server, bidirectional, clean, close_notify came',
          'server, bidirectional, unreciprocated, close_notify came',
        ],
      ],
    },
  },
]
