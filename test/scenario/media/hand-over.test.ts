// Silent phones of one codec share an encoder; one that begins to talk gets its own, and comes back later. With codecs that remember, the phone's
// decoder must not notice: what it hears beside the tone is no louder than for one that stayed.
import { describe, expect, it } from 'vitest'
import { noiseBeside, report } from './measure.ts'
import { Studio } from './studio.ts'

/** A tone from one, and two who hear it in that codec. */
async function trio(codec: 'G722' | 'opus') {
  const studio = new Studio({ seed: 7 })
  const talker = await studio.phone('talker', { codec: 'L16', sampleRate: 16_000 })
  const moves = await studio.phone('moves', { codec })
  const stays = await studio.phone('stays', { codec })
  await studio.join('mix', talker, moves, stays)
  talker.speak({ frequency: 440, level: -12 })
  studio.run(3000)
  return { studio, talker, moves, stays }
}

describe('hand-over between encoders', () => {
  it.each([
    ['G722', 3],
    ['opus', 6],
  ] as const)('%s: beginning and ending to talk adds nothing to be heard', async (codec, allowance) => {
    const { studio, moves, stays } = await trio(codec)
    const steady = stays.mark()
    studio.run(2000)
    const before = noiseBeside(stays.heard(steady), 440, 16_000)[0] ?? 0
    const mark = moves.mark()
    for (let turn = 0; turn < 6; turn += 1) {
      moves.speak({ frequency: 3000, level: -20, phaseMs: turn * 3 })
      studio.run(600)
      moves.hushed()
      studio.run(1700)
    }
    const after = noiseBeside(moves.heard(mark), 440, 16_000)[0] ?? 0
    report(
      `hand-over, ${codec}`,
      `beside the tone ${before.toFixed(1)} dBFS at rest, ${after.toFixed(1)} with 12 hand-overs`,
    )
    expect(after).toBeLessThan(before + allowance)
  })

  it.each(['G722', 'opus'] as const)('%s: who has talked shares again after a pause', async (codec) => {
    const { studio, talker, moves: one, stays: other } = await trio(codec)
    one.speak({ frequency: 3000, level: -20 })
    studio.run(600)
    one.hushed()
    // Speech has pauses; in one of them it goes back.
    studio.run(1200)
    talker.hushed()
    studio.run(300)
    talker.speak({ frequency: 440, level: -12 })
    studio.run(100)
    const marks = [one.payloads.length, other.payloads.length]
    studio.run(200)
    expect(one.payloads.length - (marks[0] ?? 0)).toBe(10)
    expect(one.payloads.slice(marks[0])).toEqual(other.payloads.slice(marks[1]))
  })
})
