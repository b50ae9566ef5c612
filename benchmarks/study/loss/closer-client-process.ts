/**
 * The side that closes, where that is a client. Arguments: kind, situation, protocol.
 *
 * `run RUN HOST PORT WAY` makes a connection, writes the last words when the handshake is done, closes in the same turn, and
 * connects once more when that connection is over. It answers with the tickets that it was given, whether the session
 * was resumed, and what the report claims. `modules` is as in closer-server-process.ts.
 */
import { once } from 'node:events'
import { serveParent } from '../../support/child-side.js'
import { addonIsLoaded } from './addon.js'
import { closersOf } from './closers.js'
import { ClientEnd, closed } from './connection.js'
import { kinds, oneOf, protocols, settings, situations } from './situations.js'
import { claimWords } from './way.js'

const [kindName, situationName, protocolName] = process.argv.slice(2)
const kind = oneOf(kinds, kindName)
const situation = oneOf(situations, situationName)
const protocol = oneOf(protocols, protocolName)

const lastWords = Buffer.alloc(settings[situation].bytes, '.')
const closers = await closersOf(kind, situation)

serveParent([], {
  async run(run = '', host = '', port = '', ...words) {
    const closer = closers.get(oneOf([...closers.keys()], words.join(' ')))
    if (closer === undefined) throw new Error('No such way')
    const end = new ClientEnd(host, Number(port), run, protocol)
    end.socket.on('error', () => {})
    end.socket.resume()
    const claim = new Promise<string>((resolve) => {
      end.socket.once('secureConnect', () => {
        void closer.watch(end.socket).then((told) => resolve(claimWords(told)))
        end.socket.write(lastWords)
        closer.close(end.socket)
      })
    })
    await once(end.socket, 'secureConnect')
    await closed(end.socket)
    return [end.tickets, await end.resumes(), await claim].join(' ')
  },
  modules: () => String(addonIsLoaded()),
})
