// Two baresip phones call each other without a server: proves that the room, the phones and the ears measure right.
import { expect, test } from 'vitest'
import { listen } from '../../demo/phone/ears.ts'
import { Baresip } from './baresip.ts'
import { lacksRoom, openRoom } from './room.ts'
import { lacks, skips } from './tools.ts'

const missing = lacks('baresip') ?? lacksRoom()

test.skipIf(skips('two baresip phones', missing))(
  `two baresip phones hear each other's tone without a hole${missing ? ` [skipped: ${missing}]` : ''}`,
  async () => {
    const room = await openRoom()
    const anna = await Baresip.start({ name: 'anna', room, sipPort: 5070, frequency: 400 })
    const ben = await Baresip.start({ name: 'ben', room, sipPort: 5080, frequency: 1000, autoAnswer: true })
    try {
      await anna.dial(ben.uri)
      await anna.talked(3)
      const counted = await anna.hangUp()
      const { sent } = await ben.ended()
      expect(counted.received).toBeGreaterThan(sent - 5)
      const { samples, sampleRate } = anna.heard()
      const [own, other] = listen(samples, sampleRate, [400, 1000], -30)
      expect(own?.share).toBe(0)
      expect(other).toMatchObject({ longestHole: 0 })
      expect(other?.share).toBeGreaterThan(0.95)
    } finally {
      await Promise.all([anna.close(), ben.close()])
      await room.close()
    }
  },
)
