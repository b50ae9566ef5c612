/** TLS of our own, by connect() and shutdown() of `close-notify/stream`: Node's TLS has no part in it. */
import { connect } from '../../../lib/stream/index.js'
import type { ClosureMode, TlsStream } from '../../../lib/stream/index.js'
import type { Begin, Ways } from './closer-process.js'

export const ways: Ways<TlsStream> = {
  connect: (destination) => connect(destination),
  begin: {
    quiet: shutdown('quiet'),
    unidirectional: shutdown('unidirectional'),
    bidirectional: shutdown('bidirectional'),
  },
}

function shutdown(mode: ClosureMode): Begin<TlsStream> {
  return (stream, payload, waitTimeout) => {
    stream.write(payload)
    const report = stream.shutdown({ mode, waitTimeout })
    return { done: report.then(() => undefined), result: async () => (await report).verdict }
  }
}
