// A client of gRPC before a stock server: calls of each kind, and a channel that is closed.
import grpc from '@grpc/grpc-js'
import { callAll, service } from './grpc-service.mjs'
import { ca, host, ours, policy, port, step } from './kit.mjs'

// Its channels make their sockets themselves.
if (ours) ours.controlProcess({ ...policy, servers: 'off' })
const Client = grpc.makeGenericClientConstructor(service, 'Asking')
const client = new Client(`${host}:${port}`, grpc.credentials.createSsl(ca))
await callAll(client, step)
await step('closed', async () => {
  client.close()
  // Its connections keep no process alive, which may end before they have.
  await new Promise((resolve) => setTimeout(resolve, 200))
})
