// The package on a machine where its binary does not load: what each call says, and that stock TLS goes on.
import { once } from 'node:events'
import { packageUrl, pair, say } from './support.mjs'

const { closureOf, createSecureContext, runtimeSupport } = await import(packageUrl)
const support = runtimeSupport()
say({ imported: true, supported: support.supported })

const { client, server, listener } = await pair()
let last
tell('runtimeSupport', () => {
  throw support.reason
})
tell('closureOf', () => closureOf(client))
tell('createSecureContext', () => createSecureContext({ quietShutdown: true }))
say({ call: 'createSecureContext without quietShutdown', made: createSecureContext({}).context !== undefined })

server.resume()
client.resume().end()
await once(client, 'close')
listener.close()
const { message } = last
say({
  stock: 'closed',
  message: {
    place: message.includes(process.env.CLOSE_NOTIFY_BINARY),
    advice: message.includes('CLOSE_NOTIFY_BINARY names the only place to look at'),
    platform: message.includes(`${process.platform}-${process.arch}`),
  },
})

function tell(call, run) {
  try {
    run()
    say({ call, threw: false })
  } catch (error) {
    last = error
    const { name, code, origin, facts } = error
    say({ call, name, code, origin, places: facts.tried.map(({ place }) => place) })
  }
}
