// A client of LDAP: bind, add, search in pages, a wrong password, unbind; by TLS at once and by StartTLS.
import tls from 'node:tls'
import { Client } from 'ldapts'
import { ours, policy, port, step } from './kit.mjs'

const createSecureConnection = ours
  ? (...args) => {
      const socket = tls.connect(...args)
      ours.controlClosure(socket, policy)
      return socket
    }
  : undefined
const more = createSecureConnection ? { createSecureConnection } : {}
const admin = ['cn=admin,dc=example,dc=com', 'a secret']

const client = new Client({ url: `ldaps://localhost:${port}`, ...more })
await step('bind', () => client.bind(...admin))
await step('add', async () => {
  await client
    .add('dc=example,dc=com', { objectClass: ['organization', 'dcObject'], dc: 'example', o: 'Example' })
    .catch(
      // Of the way before.
      (error) => {
        if (error.code !== 68) throw error
      },
    )
})
await step('search', async () => {
  const { searchEntries } = await client.search('dc=example,dc=com', { scope: 'sub', paged: true })
  return searchEntries.map(({ dn }) => dn)
})
await step('unbind', () => client.unbind())

const refused = new Client({ url: `ldaps://localhost:${port}`, ...more })
await step('a wrong password', () => refused.bind(admin[0], 'wrong'))
await step('unbind after that', () => refused.unbind())

const upgraded = new Client({ url: `ldap://localhost:${process.env.PEER_PLAIN_PORT}`, ...more })
await step('StartTLS', () => upgraded.startTLS({ host: 'localhost' }))
await step('bind behind it', () => upgraded.bind(...admin))
await step('unbind behind it', () => upgraded.unbind())
