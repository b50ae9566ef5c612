/** What each closing of the doctor is tried in. */
export const modes = ['quiet', 'unidirectional', 'bidirectional'] as const
export type Mode = (typeof modes)[number]

export const versions = ['TLSv1.2', 'TLSv1.3'] as const
