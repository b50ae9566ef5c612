// A worker that brings a closing to the given step, says so, and stays there.
import { parentPort, workerData } from 'node:worker_threads'
import { closingAt } from './steps.mjs'

// Keeps the worker, whatever the socket does.
parentPort.on('message', () => {})
await closingAt(workerData.step, workerData.port)
parentPort.postMessage(workerData.step)
