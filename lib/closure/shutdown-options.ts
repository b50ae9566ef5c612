import { ClosureError } from '../errors.js'
import { checkChoice, checkCount, checkOptions, checkSignal, checkTimeout } from '../options.js'
import type { ClosingOptions } from '../closing/options.js'
import type { Owner } from './socket-internals.js'
import type { FlushOptions, ShutdownOptions } from '../report/facts.js'

const defaultTimeout = 3000
const defaultMaxDiscardBytes = 1024 * 1024

const shutdownKeys: readonly (keyof ShutdownOptions)[] = [
  'mode',
  'flushTimeout',
  'waitTimeout',
  'maxDiscardBytes',
  'onData',
  'afterwards',
  'signal',
]

/** The options of shutdown() on a socket with that owner, checked and complete. */
export function checkShutdownOptions(options: ShutdownOptions | undefined, owner: Owner): ClosingOptions {
  const given = checkOptions(options, shutdownKeys)
  const actsOnRequests = owner === 'http-server' || owner === 'http2'
  const defaultOnData = actsOnRequests ? 'discard' : 'deliver'
  const checked: ClosingOptions = {
    mode: checkChoice('mode', given.mode, ['quiet', 'unidirectional', 'bidirectional'], 'unidirectional'),
    flushBudget: 'once',
    ...checkBudgets(given),
    onData: checkChoice('onData', given.onData, ['deliver', 'discard', 'fail'], defaultOnData),
    afterwards: checkChoice('afterwards', given.afterwards, ['fin', 'keep-open'], 'fin'),
    signal: checkSignal('signal', given.signal),
    waitingRoom: undefined,
  }
  if (actsOnRequests && checked.onData === 'deliver') {
    const message = `onData: 'deliver' is refused on a socket that ${owner} owns: it would go on to act on requests`
    throw new ClosureError('ERR_CLOSURE_OWNED', message)
  }
  return checked
}

/** The budgets of a closing, in ms and bytes. */
export interface Budgets {
  readonly flushTimeout: number
  readonly waitTimeout: number
  readonly maxDiscardBytes: number
}

/** The budgets that a caller named, and the defaults of the others. */
export function checkBudgets(given: Partial<Budgets>): Budgets {
  return {
    flushTimeout: checkTimeout('flushTimeout', given.flushTimeout, defaultTimeout),
    waitTimeout: checkTimeout('waitTimeout', given.waitTimeout, defaultTimeout),
    maxDiscardBytes: checkCount('maxDiscardBytes', 'bytes', given.maxDiscardBytes, defaultMaxDiscardBytes),
  }
}

/** The flush budget of closeNotify() and flush(), in ms. */
export function checkFlushTimeout(options: FlushOptions | undefined): number {
  return checkTimeout('flushTimeout', checkOptions(options, ['flushTimeout']).flushTimeout, defaultTimeout)
}
