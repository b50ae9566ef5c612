import type { Driver } from '../driver.js'

export const frameworks: readonly Driver[] = [
  {
    name: 'socket.io',
    packages: ['socket.io'],
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'socket.io-client',
    packages: ['socket.io-client'],
    server: 'socket.io-server',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'koa',
    packages: ['koa'],
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'hapi',
    packages: ['@hapi/hapi'],
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'http-proxy-middleware',
    packages: ['http-proxy-middleware'],
    server: 'web',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
]
