/** The libraries that have the API of libssl, told apart by how they number and name things. */
export type LibraryKind = 'OpenSSL' | 'BoringSSL' | 'LibreSSL' | 'AWS-LC'
