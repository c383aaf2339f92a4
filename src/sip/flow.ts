// A flow (RFC 5626 §3.1): the transport association a message came by or goes by.

export type Transport = 'UDP' | 'TCP'

export interface TransportFlow {
  readonly transport: Transport
  /** Numeric address, without brackets for IPv6. */
  readonly remoteAddress: string
  readonly remotePort: number
  /** Identifies the stream connection a message came by; absent for UDP and for connections yet to be opened. */
  readonly connectionId?: string
}
