/** The server of load.ts and keep-alive.ts: its argument is the side. */
import { startServer } from './server.js'
import { answerParent } from '../numbers.js'

answerParent(await startServer(process.argv[2] ?? ''))
