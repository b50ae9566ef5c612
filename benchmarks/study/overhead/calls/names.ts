/** The calls that are timed, by the names that a closure gives them, and as OpenSSL calls them. */
export const callNames = ['getShutdown', 'setShutdown', 'getQuietShutdown', 'setQuietShutdown', 'sslShutdown'] as const
export type CallName = (typeof callNames)[number]

export const inOpenSSL: Readonly<Record<CallName, string>> = {
  getShutdown: 'SSL_get_shutdown',
  setShutdown: 'SSL_set_shutdown',
  getQuietShutdown: 'SSL_get_quiet_shutdown',
  setQuietShutdown: 'SSL_set_quiet_shutdown',
  sslShutdown: 'SSL_shutdown',
}
