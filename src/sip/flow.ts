// A flow (RFC 5626 §3.1): the transport association a message came by or goes by.

export type Transport = 'UDP' | 'TCP' | 'TLS'

export interface TransportFlow {
  readonly transport: Transport
  /** Numeric address, without brackets for IPv6. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** Host of the URI that led to the address, when it is a name: what the far end's certificate must show (RFC 5922 §7.1). */
  readonly remoteName?: string
  /** Identifies the stream connection a message came by; absent for UDP and for connections yet to be opened. */
  readonly connectionId?: string
}

/** Whether the transport itself repeats what is lost (RFC 3261 §17); a stream, that is. */
export const isReliable = (transport: Transport): boolean => transport !== 'UDP'

/** Port of a URI or Via that names none (§19.1.2). */
export const defaultPort = (transport: string): number => (transport === 'TLS' ? 5061 : 5060)
