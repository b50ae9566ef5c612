// A stock client of gRPC.
import grpc from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { callAll, service } from '../grpc-service.mjs'

const [port] = process.argv.slice(2)
const Client = grpc.makeGenericClientConstructor(service, 'Asking')
const client = new Client(`localhost:${port}`, grpc.credentials.createSsl(readFileSync(process.env.CERT_FILE)))
await callAll(client, async (step, work) => {
  const got = await Promise.resolve()
    .then(work)
    .catch((error) => error.code)
  console.log(JSON.stringify([step, got]))
})
client.close()
