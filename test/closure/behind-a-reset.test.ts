// What the kernel refuses behind RST, on Node's own sockets and on streams.
import { streamWays } from '../stream/pair.js'
import { behindAReset } from './shared/behind-a-reset.js'
import { nodeWays } from './shared/ways.js'

// Which library writes the alert makes no difference to the kernel.
behindAReset([...nodeWays, ...streamWays.filter(({ name }) => name.endsWith('own'))])
