/** The drivers of the round, in the order of its page. */
import type { Driver } from '../driver.js'
import { databases } from './databases.js'
import { frameworks } from './frameworks.js'
import { mailAndMore } from './mail-and-more.js'
import { webClients } from './web-clients.js'

export const drivers: readonly Driver[] = [...databases, ...mailAndMore, ...webClients, ...frameworks]

/** The five of `--short`. Each shows something that no other does. */
export const shortForm = ['mysql2', 'redis', 'basic-ftp', 'grpc-client', 'http-proxy-middleware']
