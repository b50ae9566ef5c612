// The server of the round's client of gRPC, in stock Node.
import grpc from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { implementation, service } from '../grpc-service.mjs'

const keys = [{ private_key: readFileSync(process.env.KEY_FILE), cert_chain: readFileSync(process.env.CERT_FILE) }]
const server = new grpc.Server()
server.addService(service, implementation)
server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createSsl(null, keys), (error, port) => {
  if (error) throw error
  console.log(`listening on ${port}`)
})
