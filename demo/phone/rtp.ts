// The phone's RTP side (RFC 3550 §5.1): packets out by the metronome, packets in counted by sequence number.
import { randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'
import { performance } from 'node:perf_hooks'
import { decode, encode, type PhoneCodec, payloadTypes } from './g711.ts'
import { frameSamples, type SoundSource } from './sound.ts'

export interface MediaCounters {
  readonly sent: number
  readonly received: number
  /** Missing in the row of sequence numbers, from the first to the highest received. */
  readonly lost: number
  readonly duplicate: number
  /** Longest time between two packets, milliseconds. */
  readonly longestGapMs: number
}

/** A packet as heard: `timestamp` counts samples since the first packet received. */
export interface HeardFrame {
  readonly samples: Int16Array
  readonly timestamp: number
}

/** A pair of UDP sockets on an even port and the next one; what arrives on the second (RTCP) is ignored. */
export async function openPortPair(address: string): Promise<{ rtp: Socket; rtcp: Socket; port: number }> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const first = await bind(address, 0)
    const port = first.address().port
    const second = await bind(address, port % 2 === 0 ? port + 1 : port - 1).catch(() => undefined)
    if (second && port % 2 === 0) return { rtp: first, rtcp: second, port }
    if (second) return { rtp: second, rtcp: first, port: port - 1 }
    first.close()
  }
  throw new Error(`no free pair of ports on ${address}`)
}

export function bind(address: string, port: number): Promise<Socket> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 1 << 20 })
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.bind(port, address, () => resolve(socket))
  })
}

/** Writes one packet after another; the timestamp runs on by the frame size. */
export function createRtpWriter() {
  const ssrc = randomBytes(4)
  let sequence = randomBytes(2).readUInt16BE()
  let timestamp = randomBytes(4).readUInt32BE()
  let first = true
  return (payloadType: number, payload: Uint8Array): Uint8Array => {
    const packet = Buffer.alloc(12 + payload.length)
    packet[0] = 0x80
    packet[1] = payloadType | (first ? 0x80 : 0)
    packet.writeUInt16BE(sequence, 2)
    packet.writeUInt32BE(timestamp, 4)
    ssrc.copy(packet, 8)
    packet.set(payload, 12)
    first = false
    sequence = (sequence + 1) & 0xffff
    timestamp = (timestamp + frameSamples) >>> 0
    return packet
  }
}

/** Counts packets by their sequence numbers, extended over wrap-arounds. */
export function createRtpReader() {
  const seen = new Set<number>()
  let first: { sequence: number; timestamp: number } | undefined
  let highest = 0
  let duplicate = 0
  let lastAt = 0
  let longestGapMs = 0
  return {
    /** The payload, or undefined for what is no new RTP packet of this payload type. */
    read(packet: Buffer, payloadType: number): { payload: Uint8Array; timestamp: number } | undefined {
      if (packet.length < 12 || (packet[0] ?? 0) >> 6 !== 2 || ((packet[1] ?? 0) & 0x7f) !== payloadType)
        return undefined
      const wire = packet.readUInt16BE(2)
      first ??= { sequence: wire, timestamp: packet.readUInt32BE(4) }
      const offset = highest + (((wire - first.sequence - highest) << 16) >> 16)
      if (seen.has(offset)) {
        duplicate += 1
        return undefined
      }
      seen.add(offset)
      highest = Math.max(highest, offset)
      const now = performance.now()
      if (lastAt > 0) longestGapMs = Math.max(longestGapMs, now - lastAt)
      lastAt = now
      return { payload: payloadOf(packet), timestamp: (packet.readUInt32BE(4) - first.timestamp) | 0 }
    },
    /** A new count, as after a hold during which nothing was to come. */
    forgetGap(): void {
      lastAt = 0
    },
    counters: (): Omit<MediaCounters, 'sent'> => ({
      received: seen.size,
      lost: first ? highest + 1 - [...seen].filter((offset) => offset >= 0).length : 0,
      duplicate,
      longestGapMs,
    }),
  }
}

function payloadOf(packet: Buffer): Uint8Array {
  const octet = packet[0] ?? 0
  let at = 12 + (octet & 0x0f) * 4
  if (octet & 0x10) at += 4 + packet.readUInt16BE(at + 2) * 4
  const padding = octet & 0x20 ? (packet[packet.length - 1] ?? 0) : 0
  return packet.subarray(at, packet.length - padding)
}

export interface RtpStreamOptions {
  readonly codec: PhoneCodec
  readonly source: SoundSource
  readonly remote: { readonly address: string; readonly port: number }
  readonly onFrame: (frame: HeardFrame) => void
}

/** Joins a socket with a far end: `beat` sends one frame; every frame heard goes to `onFrame`. */
export function createRtpStream(socket: Socket, options: RtpStreamOptions) {
  const { codec, source } = options
  const write = createRtpWriter()
  const reader = createRtpReader()
  let remote = options.remote
  let sending = true
  let sent = 0
  socket.on('message', (packet) => {
    const heard = reader.read(packet, payloadTypes[codec])
    if (heard) options.onFrame({ samples: decode(codec, heard.payload), timestamp: heard.timestamp })
  })
  return {
    beat(): void {
      const frame = source()
      if (!sending) return
      sent += 1
      socket.send(write(payloadTypes[codec], encode(codec, frame)), remote.port, remote.address)
    },
    /** Follows a new description: `sending` false while on hold. */
    redirect(to: { readonly address: string; readonly port: number }, nowSending: boolean): void {
      remote = to
      sending = nowSending
      reader.forgetGap()
    },
    counters: (): MediaCounters => ({ sent, ...reader.counters() }),
  }
}

export type RtpStream = ReturnType<typeof createRtpStream>
