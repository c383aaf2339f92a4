import { describe, expect, it } from 'vitest'
import { formatOpusFmtp, opusDefaults, opusRateFor, opusSettingsFor, parseOpusFmtp } from './opus-fmtp.ts'

describe('fmtp of Opus (RFC 7587 §6.1)', () => {
  it('reads what browsers and phones write', () => {
    const read = parseOpusFmtp(
      'minptime=10; useinbandfec=1;UseDTX=1; maxplaybackrate=16000;maxaveragebitrate=20000; stereo=1',
    )
    expect(read).toEqual({
      ...opusDefaults,
      inbandFec: true,
      dtx: true,
      maxPlaybackRate: 16_000,
      maxAverageBitrate: 20_000,
      stereo: true,
    })
  })

  it.each([
    '',
    ';;;',
    '=',
    'useinbandfec',
    'useinbandfec=yes',
    'maxplaybackrate=-1;maxplaybackrate=1e9',
    'maxaveragebitrate=5',
  ])('takes %j for the defaults', (text) => {
    expect(parseOpusFmtp(text)).toEqual(opusDefaults)
  })

  it('writes what differs from the defaults, and reads it back', () => {
    const own = {
      maxPlaybackRate: 16_000,
      spropMaxCaptureRate: 16_000,
      maxAverageBitrate: 24_000,
      inbandFec: true,
      dtx: true,
      constantBitrate: true,
      stereo: true,
      spropStereo: true,
    }
    expect(formatOpusFmtp({ inbandFec: true, maxPlaybackRate: 16_000 })).toBe('maxplaybackrate=16000;useinbandfec=1')
    expect(parseOpusFmtp(formatOpusFmtp(own))).toEqual(own)
    expect(formatOpusFmtp({})).toBe('')
  })

  it('encodes no higher than the receiver plays, nor faster than it takes', () => {
    const narrow = parseOpusFmtp('maxplaybackrate=8000;maxaveragebitrate=8000;useinbandfec=1')
    expect(opusRateFor(narrow, 48_000)).toBe(8000)
    expect(opusRateFor(parseOpusFmtp('maxplaybackrate=24000'), 48_000)).toBe(16_000)
    expect(opusRateFor(opusDefaults, 48_000)).toBe(48_000)
    expect(opusRateFor(opusDefaults, 16_000)).toBe(16_000)
    expect(opusSettingsFor(narrow, 8000)).toEqual({ bitrate: 8000, fec: true, dtx: false })
  })
})
