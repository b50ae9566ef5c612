import type { Driver } from '../driver.js'

export const mailAndMore: readonly Driver[] = [
  {
    name: 'mqtt',
    packages: ['mqtt'],
    server: 'mosquitto',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'ldapts',
    packages: ['ldapts'],
    server: 'slapd',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'basic-ftp',
    packages: ['basic-ftp'],
    server: 'vsftpd',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'imapflow',
    packages: ['imapflow'],
    server: 'dovecot',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'grpc-client',
    packages: ['@grpc/grpc-js'],
    server: 'grpc-server',
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
  {
    name: 'grpc-server',
    packages: ['@grpc/grpc-js'],
    reach: '',
    lookOut: '',
    expected: { bidirectional: [], strict: [] },
  },
]
