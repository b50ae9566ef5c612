// A client of gRPC before a stock server: calls of each kind, a channel that is closed, and one that the server ends.
import grpc from '@grpc/grpc-js'
import { callAll } from './grpc-service.mjs'
import { ca, host, ours, policy, port, step } from './kit.mjs'
import { service } from './grpc-service.mjs'

// Its channels make their sockets themselves.
if (ours) ours.controlProcess(policy)
const Client = grpc.makeGenericClientConstructor(service, 'Asking')
const client = new Client(`${host}:${port}`, grpc.credentials.createSsl(ca))
await callAll(client, step)
await step('closed', () => client.close())
