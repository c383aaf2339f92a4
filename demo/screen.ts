// The demo's terminal: a table that redraws itself where the output is a terminal, plain lines where it is not.
import type { Guest } from './guest.ts'

const blocks = '▁▂▃▄▅▆▇█'
const meterWidth = 10

/** A bar of ten for -60 … -10 dBov. */
function meter(level: number): string {
  const filled = Math.max(0, Math.min(meterWidth, ((level + 60) / 50) * meterWidth))
  const whole = Math.floor(filled)
  const part = whole < meterWidth && filled > 0 ? (blocks[Math.floor((filled - whole) * blocks.length)] ?? '') : ''
  return `${'█'.repeat(whole)}${part}`.padEnd(meterWidth, '·')
}

function row(guest: Guest, gone: boolean): string {
  const { sent, received, lost } = guest.phone.counters()
  const { says, hears } = guest.levels
  const state = gone ? 'kicked' : says > -60 ? 'talks' : 'listens'
  const heard = guest.heard().join(', ') || 'nobody'
  const packets = `${String(sent).padStart(5)} out ${String(received).padStart(5)} in ${lost} lost`
  return `  ${guest.voice.name.padEnd(6)} ${state.padEnd(8)} says ${meter(says)}  hears ${meter(hears)} ${heard.padEnd(12)} ${packets}`
}

export class Screen {
  readonly #live = process.stdout.isTTY === true
  #drawn = 0

  /** A line that stays. */
  say(text: string): void {
    this.#clear()
    process.stdout.write(`${text}\n`)
  }

  /** One row per guest, in place of the last ones on a terminal. */
  show(guests: readonly Guest[], gone: ReadonlySet<Guest>): void {
    this.#clear()
    const rows = guests.map((guest) => row(guest, gone.has(guest)))
    process.stdout.write(`${rows.join('\n')}\n`)
    if (this.#live) this.#drawn = rows.length
    else process.stdout.write('\n')
  }

  /** How often to show: a terminal is redrawn, a log should stay short. Milliseconds. */
  get interval(): number {
    return this.#live ? 200 : 2000
  }

  /** What was shown last stays. */
  keep(): void {
    this.#drawn = 0
  }

  #clear(): void {
    if (this.#drawn > 0) process.stdout.write(`\u001b[${this.#drawn}A\u001b[J`)
    this.#drawn = 0
  }
}
