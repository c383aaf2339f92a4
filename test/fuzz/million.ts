// `npm run fuzz`: a million mutated messages through everything that reads the wire, half of them text (SIP, SDP, framing, digest), half
// media (RTP, RTCP, events, the engine's receive path). Seeded: `npm run fuzz -- SEED COUNT` repeats a run.
import { fuzzRtp } from './fuzz-rtp.ts'
import { fuzzText } from './fuzz-text.ts'

const [seed = 1, count = 1_000_000] = process.argv.slice(2).map(Number)
if (!Number.isInteger(seed) || !Number.isInteger(count) || count < 2) {
  process.stderr.write('usage: npm run fuzz -- [SEED] [COUNT]\n')
  process.exit(1)
}
const megabytes = (): number => Math.round(process.memoryUsage().rss / 2 ** 20)
const started = performance.now()
const rounds = 20
const each = Math.ceil(count / rounds / 2)
for (let round = 0; round < rounds; round += 1) {
  fuzzText(seed * 1000 + round, each)
  await fuzzRtp(seed * 1000 + round, each)
  process.stdout.write(`${(round + 1) * each * 2} messages, ${megabytes()} MiB resident\n`)
}
process.stdout.write(
  `done in ${Math.round((performance.now() - started) / 1000)} s: no crash, ${megabytes()} MiB resident\n`,
)
