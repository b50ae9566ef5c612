/**
 * A process that holds relays and nothing else, so that delaying never competes with what is measured for one event
 * loop. Each argument is a route, `<one-way delay in ms>:<port>`; the message to the parent lists the ports in order.
 */
import { serveParent } from './child-side.js'
import { openRelay } from './relay.js'

const relays = await Promise.all(
  process.argv.slice(2).map((argument) => {
    const [delay, port] = argument.split(':').map(Number)
    if (delay === undefined || port === undefined || !(delay >= 0) || !(port > 0)) {
      throw new Error(`Expected a route "<delay>:<port>" but received "${argument}"`)
    }
    return openRelay({ delay, port })
  }),
)

serveParent({ ports: relays.map((relay) => relay.port) })
