// What one 20 ms frame costs in each codec and each step of the resampler, on one thread, and what it leaves to the garbage collector.
// Usage: node --expose-gc bench/micro-codec.ts [frames]

import { g722 } from '../src/codec/g722.ts'
import { l16At48 } from '../src/codec/l16.ts'
import { opus } from '../src/codec/opus.ts'
import type { EncoderSettings, PcmRate, WideCodec } from '../src/codec/wide-codec.ts'
import { Resampler } from '../src/dsp/resampler.ts'

const frames = Number(process.argv[2] ?? 2000)
const rates = [8000, 16_000, 48_000] as const

/** Two seconds that sound somewhat like speech: harmonics of a gliding pitch under an envelope, and some noise. */
function speech(rate: PcmRate): Int16Array[] {
  let seed = 1
  return Array.from({ length: 100 }, (_, frame) =>
    Int16Array.from({ length: rate / 50 }, (_, index) => {
      const time = (frame * rate) / 50 / rate + index / rate
      const pitch = 140 + 20 * Math.sin(2 * Math.PI * 0.7 * time)
      let voice = 0
      for (let harmonic = 1; harmonic < 15; harmonic += 1)
        voice += Math.sin(2 * Math.PI * pitch * harmonic * time + harmonic) / harmonic
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      const envelope = 0.5 + 0.5 * Math.sin(2 * Math.PI * 3 * time)
      return envelope * (4000 * voice + 300 * ((seed >>> 16) / 32_768 - 1))
    }),
  )
}

interface Cost {
  readonly micros: number
  readonly octets: number
}

/** Cost of a step after warm-up. `octets`: growth of the heap per step, which a collection in between makes too small. */
function measure(step: (count: number) => void): Cost {
  for (let count = 0; count < 500; count += 1) step(count)
  globalThis.gc?.()
  const heap = process.memoryUsage().heapUsed
  const cpu = process.threadCpuUsage()
  for (let count = 0; count < frames; count += 1) step(count)
  const used = process.threadCpuUsage(cpu)
  return {
    micros: (used.user + used.system) / frames,
    octets: (process.memoryUsage().heapUsed - heap) / frames,
  }
}

const show = (cost: Cost): string =>
  `${cost.micros.toFixed(1).padStart(7)} µs ${Math.max(0, cost.octets).toFixed(0).padStart(6)} octets`

async function runCodec(title: string, codec: WideCodec, rate: PcmRate, settings?: EncoderSettings): Promise<void> {
  await codec.prepare()
  const encoder = codec.createEncoder(rate, settings)
  const decoder = codec.createDecoder(rate)
  await new Promise(setImmediate)
  const source = speech(rate)
  const silence = new Int16Array(rate / 50)
  const target = new Uint8Array(codec.facts.frameBytes)
  const payloads = source.map((pcm) => {
    const length = encoder.encode(pcm, target, 0)
    return { bytes: target.slice(), length }
  })
  const empty = { bytes: target, length: 0 }
  const pcm = new Int16Array(rate / 50)
  const encode = measure((count) => encoder.encode(source[count % source.length] ?? silence, target, 0))
  const decode = measure((count) => {
    const length = decoder.decode(payloads[count % payloads.length] ?? empty, pcm, 0)
    decoder.resume(pcm, 0, length)
  })
  const conceal = measure((count) => {
    if (count % 6 === 5) {
      const length = decoder.decode(payloads[count % payloads.length] ?? empty, pcm, 0)
      decoder.resume(pcm, 0, length)
    } else decoder.conceal(pcm, 0, pcm.length)
  })
  console.log(
    `${title.padEnd(34)} encode ${show(encode)}   decode ${show(decode)}   5 of 6 lost ${conceal.micros.toFixed(1)} µs`,
  )
  encoder.close()
  decoder.close()
}

await runCodec('L16 48 kHz', l16At48, 48_000)
await runCodec('G722', g722, 16_000)
for (const rate of rates)
  for (const complexity of [0, 5, 9])
    await runCodec(`opus ${rate / 1000} kHz complexity ${complexity}`, opus, rate, { complexity })
await runCodec('opus 16 kHz complexity 5, FEC', opus, 16_000, { complexity: 5, fec: true })

for (const from of rates) {
  for (const to of rates) {
    if (from === to) continue
    const resampler = new Resampler(from, to)
    const source = speech(from)
    const silence = new Int16Array(from / 50)
    const output = new Int16Array(to / 50)
    const cost = measure((count) => resampler.process(source[count % source.length] ?? silence, output))
    console.log(
      `${`resample ${from / 1000} to ${to / 1000} kHz`.padEnd(34)}        ${show(cost)}   late by ${resampler.delay} samples`,
    )
  }
}
