// A server of gRPC before a stock client; then it is shut down.
import grpc from '@grpc/grpc-js'
import { implementation, service } from './grpc-service.mjs'
import { keys, ours, policy, step, stockClient } from './kit.mjs'

// It makes its servers of http2 itself.
if (ours) ours.controlProcess({ ...policy, clients: 'off' })
const server = new grpc.Server()
server.addService(service, implementation)
const pairs = [{ private_key: keys.key, cert_chain: keys.cert }]
const credentials = grpc.ServerCredentials.createSsl(null, pairs)
const bound = (resolve, reject) =>
  server.bindAsync('127.0.0.1:0', credentials, (error, port) => (error ? reject(error) : resolve(port)))
const port = await new Promise(bound)
await step('a client', () => stockClient('grpc.mjs', port))
await step('shut down', () => new Promise((resolve) => server.tryShutdown(() => resolve())))
