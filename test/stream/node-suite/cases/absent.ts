// What a TlsStream does not have of node:tls, each with the proof that it says so.
import { connect, createServer, TlsStream } from '../../../../lib/stream/index.js'
import type { NodeCase } from '../case.js'
import { thrownBy } from '../watch.js'

/** An option that is refused by its name, so that nobody relies on it. */
function refuses(call: (options: object) => unknown, name: string): () => void {
  return () => {
    const code = thrownBy(() => call({ [name]: true }))
    if (code !== 'ERR_CLOSURE_INVALID_ARGUMENT') throw new Error(`Expected ${name} to be refused, received ${code}`)
  }
}

function lacks(method: string): () => void {
  return () => {
    if (method in TlsStream.prototype) throw new Error(`Expected no ${method}()`)
  }
}

const connects = (options: object) => connect({ port: 1, ...options })
const serves = (options: object) => createServer({ ...options })

export const absentCases: readonly NodeCase[] = [
  {
    test: 'test-tls-onread-static-buffer',
    asks: 'onread: data into a buffer of the program, with pauses',
    absent: 'the option is refused: data comes in Buffers of its own',
    proof: refuses(connects, 'onread'),
  },
  {
    test: 'test-tls-connect-hwm-option',
    asks: 'highWaterMark of connect()',
    absent: 'the option is refused: the mark is four records',
    proof: refuses(connects, 'highWaterMark'),
  },
  {
    test: 'test-tls-max-send-fragment',
    asks: 'setMaxSendFragment()',
    absent: 'no such method',
    proof: lacks('setMaxSendFragment'),
  },
  {
    test: 'test-tls-disable-renegotiation',
    asks: 'disableRenegotiation(), and what a renegotiation then does',
    absent: 'no such method: clients cannot make a server renegotiate',
    proof: lacks('disableRenegotiation'),
  },
  {
    test: 'test-tls-wrap-econnreset-localaddress',
    asks: 'localAddress of connect(), also in its error',
    absent: 'the option is refused: make the socket with net.connect() and give it as socket',
    proof: refuses(connects, 'localAddress'),
  },
  {
    test: 'test-tls-async-cb-after-socket-end',
    asks: "'resumeSession' whose callback is called after destroy()",
    absent:
      'no code of the program runs inside OpenSSL: the event is not emitted, and sessions of a server are in tickets',
    proof: refuses(serves, 'sessionTimeout'),
  },
]
