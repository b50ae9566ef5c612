// The service of the round, without code that is generated: texts as bytes.
export const service = {
  ask: {
    path: '/round.Asking/Ask',
    requestStream: false,
    responseStream: false,
    requestSerialize: (text) => Buffer.from(text),
    requestDeserialize: String,
    responseSerialize: (text) => Buffer.from(text),
    responseDeserialize: String,
  },
}
for (const [name, requestStream, responseStream] of [
  ['count', false, true],
  ['gather', true, false],
]) {
  service[name] = { ...service.ask, path: `/round.Asking/${name}`, requestStream, responseStream }
}

export const implementation = {
  ask: ({ request }, callback) => {
    if (request === 'fail') callback({ code: 5, details: 'not found' })
    else callback(null, `${request} answered`)
  },
  count: (call) => {
    for (let n = 0; n < Number(call.request); n++) call.write('a part '.repeat(1000))
    call.end()
  },
  gather: (call, callback) => {
    let length = 0
    call.on('data', (text) => {
      length += text.length
    })
    call.on('end', () => callback(null, String(length)))
  },
}

/** Calls of each kind, one after the other; `step` prints each. */
export async function callAll(client, step) {
  await step('a call', () => promised((done) => client.ask('hello', done)))
  await step('one that fails', () => promised((done) => client.ask('fail', done)))
  await step('a stream of the server', async () => {
    let length = 0
    for await (const text of client.count('100')) length += text.length
    return length
  })
  await step('a stream of the client', () =>
    promised((done) => {
      const call = client.gather(done)
      for (let n = 0; n < 100; n++) call.write('a part '.repeat(1000))
      call.end()
    }),
  )
}

function promised(run) {
  return new Promise((resolve, reject) => run((error, answer) => (error ? reject(error) : resolve(answer))))
}
