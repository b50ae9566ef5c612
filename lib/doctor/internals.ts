/**
 * The undocumented members of Node's that this package stands on. The one list: docs/house.md is written from it, `test/house`
 * holds it against the code, and the doctor looks for each of them on the machine that it runs on.
 */
import type { Internal } from './internal.js'
import { internalsOfHandles } from './internals-of-handles.js'
import { internalsOfHttp } from './internals-of-http.js'
import { internalsOfStreams } from './internals-of-streams.js'

export const internals: readonly Internal[] = [...internalsOfHandles, ...internalsOfStreams, ...internalsOfHttp]
