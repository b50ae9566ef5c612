// What can go wrong while unwrap() of a TlsStream takes TLS off, with the cases of startTls(): library by library.
import { unwrapHazards } from '../unwrap/shared/hazards.js'
import { noAnswerCases } from '../unwrap/shared/no-answer.js'
import { fewerSides } from './pair.js'
import { wrappedWays } from './wrapped.js'

const ways = wrappedWays(fewerSides)

unwrapHazards(ways)
noAnswerCases(ways)
