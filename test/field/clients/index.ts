/** All clients of the round, in the order of the tables. */
import type { FieldClient } from '../client.js'
import { chromium, firefox } from './browsers.js'
import { java, nodeFetch, nodeHttps, nodeStrict, pythonHttpClient, pythonUrllib, rclone } from './languages.js'
import { psql } from './psql.js'
import { curl, curlGnutls, git, gnutlsCli, sClient, wget } from './tools.js'

export const clients: readonly FieldClient[] = [
  ...[curl, curlGnutls, wget, git, pythonUrllib, pythonHttpClient, nodeHttps, nodeFetch, nodeStrict],
  ...[java, rclone, chromium, firefox, sClient, gnutlsCli, psql],
]

/** For a CI: five with four libraries, one of which reads no HTTP. */
export const shortForm: readonly string[] = ['curl', 'wget', 'python-urllib', 'node', 's_client']
