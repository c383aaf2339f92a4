// SIP over UDP, TCP and, where it is configured, TLS: sockets only. Bytes and flows in, bytes and flows out; no message is looked into
// (RFC 3261 §18).
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from 'node:dgram'
import { connect, createServer, isIPv6, type Server, type Socket } from 'node:net'
import { OperationalError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { TransportFlow } from '../sip/flow.ts'
import { StreamConnections } from './sip-stream.ts'
import { openSipTls, type SipTls } from './sip-tls.ts'
import type { TlsPaths } from './sip-tls-files.ts'

export interface TransportListener {
  received(flow: TransportFlow, bytes: Uint8Array): void
  failed(flow: TransportFlow, reason: string): void
}

export interface SipTransports {
  /** What cannot be sent is told by `failed`. */
  send(flow: TransportFlow, bytes: Uint8Array): void
  /** Reads certificate files that changed; harmless without TLS. */
  reload(): void
  close(): Promise<void>
}

export interface TransportOptions {
  readonly bindIp: string
  readonly port: number
  readonly log: Log
  /** Absent: no TLS. */
  readonly tls?: TlsPaths & { readonly port: number }
}

function portError(error: unknown, options: TransportOptions): OperationalError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  const why =
    code === 'EADDRINUSE' ? 'is in use; end the other program or set PARTYLINE_SIP_PORT' : `cannot be bound (${code})`
  return new OperationalError(`SIP port ${options.port} on ${options.bindIp} ${why}`, { cause: error })
}

function bindUdp(options: TransportOptions): Promise<UdpSocket> {
  const socket = createSocket({
    type: isIPv6(options.bindIp) ? 'udp6' : 'udp4',
    recvBufferSize: 4 << 20,
    sendBufferSize: 4 << 20,
  })
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => reject(portError(error, options)))
    socket.bind(options.port, options.bindIp, () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
  })
}

function listenTcp(options: TransportOptions): Promise<Server> {
  const server = createServer({ noDelay: true })
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, options)))
    server.listen(options.port, options.bindIp, () => {
      server.removeAllListeners('error')
      resolve(server)
    })
  })
}

/** `::ffff:192.0.2.1` of a dual-stack socket is the IPv4 address it stands for. */
const plainAddress = (address: string): string => (address.startsWith('::ffff:') ? address.slice(7) : address)

/** Binds UDP and TCP on one port, and TLS on another; throws OperationalError with one clear line when one is taken. */
export async function openSipTransports(
  options: TransportOptions,
  listener: TransportListener,
): Promise<SipTransports> {
  const udp = await bindUdp(options)
  const tcp = await openTcp(options, listener).catch((error: unknown) => {
    udp.close()
    throw error
  })
  const tls = await openTls(options, listener).catch(async (error: unknown) => {
    udp.close()
    await tcp.close()
    throw error
  })
  udp.on('error', (error) => options.log.warn({ error: error.message }, 'SIP UDP socket failed'))
  udp.on('message', (bytes: Buffer, remote: RemoteInfo) => {
    listener.received({ transport: 'UDP', remoteAddress: plainAddress(remote.address), remotePort: remote.port }, bytes)
  })
  const sendUdp = (flow: TransportFlow, bytes: Uint8Array): void => {
    const failed = (error: Error | null): void => {
      if (error) listener.failed(flow, error.message)
    }
    try {
      udp.send(bytes, flow.remotePort, flow.remoteAddress, failed)
    } catch (error) {
      queueMicrotask(() => listener.failed(flow, error instanceof Error ? error.message : 'cannot send'))
    }
  }
  const sendTls = (flow: TransportFlow, bytes: Uint8Array): void => {
    if (tls !== undefined) tls.send({ ...flow, transport: 'TLS' }, bytes)
    else queueMicrotask(() => listener.failed(flow, 'TLS is not configured'))
  }
  return {
    send: (flow, bytes) => {
      if (flow.transport === 'UDP') sendUdp(flow, bytes)
      else if (flow.transport === 'TLS') sendTls(flow, bytes)
      else tcp.send(flow, bytes)
    },
    reload: () => tls?.reload(),
    close: async () => {
      const closed = new Promise<void>((resolve) => udp.close(() => resolve()))
      await Promise.all([closed, tcp.close(), tls?.close()])
    },
  }
}

async function openTcp(options: TransportOptions, listener: TransportListener): Promise<Omit<SipTransports, 'reload'>> {
  const server = await listenTcp(options)
  const connections = new StreamConnections({
    transport: 'TCP',
    listener,
    readyEvent: 'connect',
    open: ({ remoteAddress: host, remotePort: port }) => connect({ host, port, noDelay: true }),
  })
  server.on('connection', (socket: Socket) => connections.accept(socket))
  server.on('error', (error) => options.log.warn({ error: error.message }, 'SIP TCP listener failed'))
  return {
    send: (flow, bytes) => connections.send({ ...flow, transport: 'TCP' }, bytes),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        connections.close()
      }),
  }
}

const openTls = async (options: TransportOptions, listener: TransportListener): Promise<SipTls | undefined> =>
  options.tls && openSipTls({ ...options.tls, bindIp: options.bindIp, log: options.log }, listener)
