// The flags of SSL_get_shutdown(3) and SSL_set_shutdown(3). They are flags, not evidence: quiet shutdown, a fatal alert and
// SSL_set_shutdown set them without any close_notify.

/** SSL_SENT_SHUTDOWN: OpenSSL counts our direction as closed. */
export const sentShutdown = 1

/** SSL_RECEIVED_SHUTDOWN: OpenSSL counts the peer's direction as closed. */
export const receivedShutdown = 2

export const bothShutdown = 3

const masks = { none: 0, SENT: sentShutdown, RECEIVED: receivedShutdown, 'SENT|RECEIVED': bothShutdown } as const

/** A mask of SSL_get_shutdown(3) by name. */
export type ShutdownFlags = keyof typeof masks

/** A mask by its names. */
export function shutdownMask(flags: ShutdownFlags): (typeof masks)[ShutdownFlags] {
  return masks[flags]
}

/** The names of a mask. */
export function shutdownFlags(mask: number): ShutdownFlags {
  const received = (mask & receivedShutdown) !== 0
  if ((mask & sentShutdown) !== 0) return received ? 'SENT|RECEIVED' : 'SENT'
  return received ? 'RECEIVED' : 'none'
}
