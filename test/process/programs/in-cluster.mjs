// app.mjs as a worker of a cluster, which lives for as long as it is connected.
import process from 'node:process'
import './app.mjs'

process.disconnect()
