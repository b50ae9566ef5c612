/**
 * A process that holds relays and nothing else, so that delaying never competes with what is measured for one event
 * loop. Each argument is a route, `<one-way delay in ms>:<port>`; the ports are told in order.
 *
 * `delays PORT` answers with what this relay has recorded since it was last asked: of each direction, up to the server
 * first, the number of pieces and the least, the median and the greatest delay in ms.
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

serveParent(
  relays.map((relay) => relay.port),
  {
    delays(port) {
      const relay = relays.find((one) => one.port === Number(port))
      if (relay === undefined) throw new Error(`No relay listens on port ${port}`)
      const { up, down } = relay.takeDelays()
      return [up, down].flatMap(({ count, min, median, max }) => [count, min, median, max]).join(' ')
    },
  },
)
