import type { Driver } from '../driver.js'

export const databases: readonly Driver[] = [
  {
    name: 'mysql2',
    packages: ['mysql2'],
    server: 'mariadb',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'mariadb',
    packages: ['mariadb'],
    server: 'mariadb',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'ioredis',
    packages: ['ioredis'],
    server: 'redis',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'redis',
    packages: ['redis'],
    server: 'redis',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
]
