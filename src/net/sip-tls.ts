// SIP over TLS (RFC 3261 §26.2.1, RFC 5922): sockets only, bytes and flows in and out, as its siblings for UDP and TCP.
// Who calls us shows no certificate; whom we call must show one for the host of the URI.
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, createServer, type Server, type TLSSocket } from 'node:tls'
import { OperationalError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { maxConnections, StreamConnections, type StreamFlow, type StreamListener } from './sip-stream.ts'
import { TlsFiles, type TlsPaths } from './sip-tls-files.ts'
import { checkSipIdentity } from './sip-tls-identity.ts'

export type TlsFlow = StreamFlow<'TLS'>
export type TlsListener = StreamListener<'TLS'>

export interface SipTlsOptions extends TlsPaths {
  readonly bindIp: string
  /** PARTYLINE_SIPS_PORT. */
  readonly port: number
  readonly log: Log
}

export interface SipTls {
  /** Where it listens. */
  readonly port: number
  /** Opens a connection where there is none. What cannot be sent is told by `failed`; it never goes out unencrypted. */
  send(flow: TlsFlow, bytes: Uint8Array): void
  /** Reads the certificate files again if they changed, as every new connection does. */
  reload(): void
  close(): Promise<void>
}

/** Time for a peer to get through its handshake; as many at once as there may be connections. */
const handshakeMs = 10_000

/** Starts to listen. Throws OperationalError that names the setting at fault: a file, or the port. */
export async function openSipTls(options: SipTlsOptions, listener: TlsListener): Promise<SipTls> {
  const { log } = options
  const files = new TlsFiles(options)
  warnWhenExpired(files, log)
  const server = createServer({ ...files.identity.options, noDelay: true, handshakeTimeout: handshakeMs })
  server.maxConnections = maxConnections
  const reload = (): void => refresh(files, server, log)
  const rawSockets = new Set<Socket>()
  // In front of node:tls's own listener, which takes the context of this moment for the handshake.
  server.prependListener('connection', (socket: Socket) => {
    reload()
    rawSockets.add(socket)
    socket.once('close', () => rawSockets.delete(socket))
  })
  const connections = new StreamConnections({
    transport: 'TLS',
    listener,
    readyEvent: 'secureConnect',
    open: (flow) => {
      reload()
      return openSocket(flow, files)
    },
  })
  server.on('secureConnection', (socket: TLSSocket) => connections.accept(socket))
  server.on('tlsClientError', (error: Error, socket: TLSSocket) => {
    log.debug({ error: error.message, from: socket.remoteAddress }, 'TLS handshake failed')
  })
  const port = await listen(server, options)
  server.on('error', (error: Error) => log.warn({ error: error.message }, 'SIP TLS listener failed'))
  return {
    port,
    send: (flow, bytes) => connections.send(flow, bytes),
    reload,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        connections.close()
        for (const socket of rawSockets) socket.destroy()
      }),
  }
}

function openSocket(flow: TlsFlow, files: TlsFiles): TLSSocket {
  const host = flow.remoteName ?? flow.remoteAddress
  return connectTls({
    host: flow.remoteAddress,
    port: flow.remotePort,
    secureContext: files.identity.context,
    minVersion: 'TLSv1.2',
    // RFC 6066 §3 allows no addresses here.
    servername: isIP(host) === 0 ? host : '',
    checkServerIdentity: (_, certificate) => checkSipIdentity(host, certificate),
  }).setNoDelay(true)
}

/** A change for the worse is told and changes nothing. */
function refresh(files: TlsFiles, server: Server, log: Log): void {
  try {
    if (!files.refresh()) return
    server.setSecureContext(files.identity.options)
    log.info({ validTo: new Date(files.identity.validTo).toISOString() }, 'TLS certificate was read again')
    warnWhenExpired(files, log)
  } catch (error) {
    log.warn({ err: error }, 'changed TLS certificate cannot be used; the one before stays')
  }
}

function warnWhenExpired(files: TlsFiles, log: Log): void {
  const { validTo } = files.identity
  if (validTo < Date.now()) log.warn({ validTo: new Date(validTo).toISOString() }, 'TLS certificate has expired')
}

function listen(server: Server, { bindIp, port }: SipTlsOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const code = 'code' in error ? String(error.code) : error.message
      const why =
        code === 'EADDRINUSE'
          ? 'is in use; end the other program or set PARTYLINE_SIPS_PORT'
          : `cannot be bound (${code})`
      reject(new OperationalError(`SIP TLS port ${port} on ${bindIp} ${why}`, { cause: error }))
    })
    server.listen(port, bindIp, () => {
      server.removeAllListeners('error')
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : port)
    })
  })
}
