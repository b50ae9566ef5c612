/** All cases of the node-suite. */
import type { NodeCase } from './case.js'
import { absentCases } from './cases/absent.js'
import { closingCases } from './cases/closing.js'
import { connectingCases } from './cases/connecting.js'
import { damageCases } from './cases/damage.js'
import { dataCases } from './cases/data.js'
import { duplexCases } from './cases/duplexes.js'
import { handshakeCases } from './cases/handshake.js'
import { socketCases } from './cases/sockets.js'

export const nodeCases: readonly NodeCase[] = [
  ...dataCases,
  ...closingCases,
  ...connectingCases,
  ...socketCases,
  ...duplexCases,
  ...handshakeCases,
  ...damageCases,
  ...absentCases,
]
