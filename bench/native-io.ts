// What moving datagrams costs: N sockets that each receive and send one packet of 172 octets per 20 ms tick, over node:dgram, over the native
// addon, and with the addon's calls alone (no TypeScript per packet: the floor). A thread each for the server and for the phones.
// Usage: node bench/native-io.ts [sockets,sockets…] [seconds]      CPU is the server thread's own, read from the kernel.
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Clock } from '../src/base/time.ts'
import { loadNativeAddon, type NativeAddon, receiveRow, sendRow } from '../src/media/native-addon.ts'
import { createNativeMedia } from '../src/media/native-loop.ts'
import type { PacketIo, PortPair } from '../src/media/packet-io.ts'
import { createDgramPacketIo } from '../src/media/packet-io-dgram.ts'
import { createNativePacketIo } from '../src/media/packet-io-native.ts'
import { threadClock } from '../src/media/thread-clock.ts'
import type { Endpoint } from '../src/rtp/source-check.ts'

type Body = 'dgram' | 'native' | 'calls'

interface Job {
  readonly role: 'server' | 'phones'
  readonly body: Body
  readonly sockets: number
}

/** Of the server since it was last asked; microseconds of CPU, milliseconds of lateness. */
interface Report {
  readonly received: number
  readonly sent: number
  readonly cpu: number
  readonly ms: number
  readonly lateP50: number
  readonly lateP99: number
}

const frameMs = 20
const packetBytes = 172
const address = '127.0.0.1'
const start = Math.random()
const serverPorts = { bindAddress: address, portMin: 20_000, portMax: 29_999, start }
const phonePorts = { bindAddress: address, portMin: 40_000, portMax: 49_999, start }

function native(): NativeAddon {
  const lookup = loadNativeAddon()
  if (!lookup.addon) throw new Error(lookup.reason)
  return lookup.addon
}

class Meter {
  received = 0
  sent = 0
  readonly #late: number[] = []
  #cpu = process.threadCpuUsage()
  #since = performance.now()

  late(ms: number): void {
    this.#late.push(ms)
  }

  report(): Report {
    const used = process.threadCpuUsage(this.#cpu)
    const late = this.#late.splice(0).sort((one, other) => one - other)
    const at = (share: number): number => late[Math.min(late.length - 1, Math.floor(late.length * share))] ?? 0
    const ms = performance.now() - this.#since
    const { received, sent } = this
    this.received = 0
    this.sent = 0
    this.#cpu = process.threadCpuUsage()
    this.#since = performance.now()
    return { received, sent, cpu: used.user + used.system, ms, lateP50: at(0.5), lateP99: at(0.99) }
  }
}

/** Calls every 20 ms at deadlines that do not drift; reports how late. */
function every(clock: Clock, run: () => void, late: (ms: number) => void): void {
  let next = clock.now() + frameMs
  const tick = (): void => {
    const now = clock.now()
    if (now < next - 1) return void clock.after(next - now, tick)
    late(Math.max(0, now - next))
    next += frameMs
    clock.after(Math.max(0, next - now), tick)
    run()
  }
  clock.after(frameMs, tick)
}

async function openPairs(io: PacketIo, sockets: number, received: (index: number) => void): Promise<PortPair[]> {
  const pairs: PortPair[] = []
  for (let index = 0; index < sockets; index += 1)
    pairs.push(await io.open({ rtp: () => received(index), rtcp: () => undefined }))
  return pairs
}

/** The whole way: sinks, endpoints, a tick that sends to everyone. */
async function serve(body: Body, sockets: number, meter: Meter): Promise<(to: readonly number[]) => void> {
  const media = body === 'native' ? createNativeMedia({ ...serverPorts, addon: native() }) : undefined
  const clock = media?.clock ?? threadClock
  const io = media?.packetIo ?? createDgramPacketIo({ ...serverPorts, clock })
  const pairs = await openPairs(io, sockets, () => {
    meter.received += 1
  })
  const packets = pairs.map(() => new Uint8Array(packetBytes))
  parentPort?.postMessage(pairs.map(({ rtpPort }) => rtpPort))
  return (ports) => {
    const to: Endpoint[] = ports.map((port) => ({ address, port }))
    const tick = (): void => {
      for (let index = 0; index < sockets; index += 1) {
        const [pair, packet, endpoint] = [pairs[index], packets[index], to[index]]
        if (pair && packet && endpoint) pair.sendRtp(packet, endpoint)
      }
      meter.sent += sockets
      io.flush()
    }
    every(clock, tick, (ms) => meter.late(ms))
  }
}

/** Rows made once; per tick one call to send and as many to receive as it takes. */
function serveByCalls(sockets: number, meter: Meter): (to: readonly number[]) => void {
  const addon = native()
  const handle = addon.create()
  const slots = Array.from({ length: sockets }, () => addon.open(handle, address, 0, 256 * 1024, 0))
  parentPort?.postMessage(slots.map((slot) => addon.localPort(handle, slot)))
  const sendRows = new Int32Array(sockets * sendRow.words)
  const arena = new Uint8Array(sockets * packetBytes)
  const place = new Uint8Array(256 * 2048)
  const rows = new Int32Array(256 * receiveRow.words)
  return (ports) => {
    const words = new Int32Array(6)
    addon.encodeAddress(address, words)
    ports.forEach((port, index) => {
      sendRows.set([slots[index] ?? 0, index * packetBytes, packetBytes, port, ...words], index * sendRow.words)
    })
    let next = performance.now() + frameMs
    const turn = (): void => {
      addon.wait(handle, Math.max(0, Math.ceil((next - performance.now()) * 1000)), 0)
      let count = 0
      do {
        count = addon.receive(handle, place, 2048, rows)
        meter.received += count
      } while (count === 256)
      meter.late(Math.max(0, performance.now() - next))
      meter.sent += addon.send(handle, arena, sendRows, sockets)
      next += frameMs
      setImmediate(turn)
    }
    setImmediate(turn)
  }
}

/** Sends one packet per frame to each port, spread over the frame, and reads what comes back. */
async function phones(sockets: number): Promise<(to: readonly number[]) => void> {
  const io = createNativePacketIo({ ...phonePorts, clock: threadClock, addon: native() })
  const pairs = await openPairs(io, sockets, () => undefined)
  parentPort?.postMessage(pairs.map(({ rtpPort }) => rtpPort))
  const packet = new Uint8Array(packetBytes)
  return (ports) => {
    const to: Endpoint[] = ports.map((port) => ({ address, port }))
    const steps = 10
    let step = 0
    let next = performance.now()
    const turn = (): void => {
      next += frameMs / steps
      io.wait(Math.max(0, Math.ceil((next - performance.now()) * 1000)), 0)
      io.receive()
      io.hold()
      for (let index = step % steps; index < sockets; index += steps) {
        const [pair, endpoint] = [pairs[index], to[index]]
        if (pair && endpoint) pair.sendRtp(packet, endpoint)
      }
      io.release()
      step += 1
      setImmediate(turn)
    }
    setImmediate(turn)
  }
}

async function worker({ role, body, sockets }: Job): Promise<void> {
  const meter = new Meter()
  // Listens before the ports are told, so that the answer is not missed.
  const ready = Promise.withResolvers<(to: readonly number[]) => void>()
  parentPort?.on('message', (message: readonly number[] | 'report') => {
    if (message === 'report') parentPort?.postMessage(meter.report())
    else ready.promise.then((begin) => begin(message))
  })
  if (role === 'phones') ready.resolve(await phones(sockets))
  else if (body === 'calls') ready.resolve(serveByCalls(sockets, meter))
  else ready.resolve(await serve(body, sockets, meter))
}

async function measure(body: Body, sockets: number, seconds: number): Promise<void> {
  const make = (role: Job['role']): Worker =>
    new Worker(new URL(import.meta.url), { workerData: { role, body, sockets } satisfies Job })
  const [server, far] = [make('server'), make('phones')]
  const [[serverList], [phoneList]] = await Promise.all([once(server, 'message'), once(far, 'message')])
  far.postMessage(serverList)
  server.postMessage(phoneList)
  const report = async (): Promise<Report> => {
    server.postMessage('report')
    const [answer] = await once(server, 'message')
    return answer as Report
  }
  await new Promise((resolve) => setTimeout(resolve, 1500))
  await report()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  const { received, sent, cpu, ms, lateP50, lateP99 } = await report()
  await Promise.all([server.terminate(), far.terminate()])
  const cells = [
    body.padEnd(8),
    String(sockets).padStart(7),
    ((received + sent) / (ms / 1000)).toFixed(0).padStart(10),
    (cpu / (received + sent)).toFixed(2).padStart(13),
    (cpu / (ms / 1000) / sockets).toFixed(0).padStart(18),
    `${(cpu / ms / 10).toFixed(1)} %`.padStart(8),
    lateP50.toFixed(2).padStart(9),
    lateP99.toFixed(2).padStart(9),
    `${((received / (sockets * (ms / frameMs))) * 100).toFixed(1)} %`.padStart(9),
  ]
  console.log(cells.join(' '))
}

if (isMainThread) {
  const [list = '100,1000', seconds = '3'] = process.argv.slice(2)
  console.log('body     sockets  packets/s CPU µs/packet µs/socket·second   a core  late p50  late p99 received')
  for (const sockets of list.split(',').map(Number))
    for (const body of ['dgram', 'native', 'calls'] as const) await measure(body, sockets, Number(seconds))
} else {
  await worker(workerData as Job)
}
