import { expect, it } from 'vitest'
import { OpenRecordings } from './open-recordings.ts'

const start = (side: 'in' | 'out') =>
  ({ kind: 'recordStart', recordingId: 'r', legId: 'l', side, path: `/${side}.wav`, format: 'wav' }) as const

it('announces as cut off what was begun and neither refused nor ended, once', () => {
  const open = new OpenRecordings()
  open.asked(start('in'))
  open.asked(start('out'))
  open.asked({ kind: 'recordStart', recordingId: 's', mixId: 'm', path: '/s.wav', format: 'ogg' })
  open.asked({ kind: 'recordStart', recordingId: 't', mixId: 'm', path: '/t.wav', format: 'ogg' })
  open.refused({ kind: 'recordStart', recordingId: 't', mixId: 'm', path: '/t.wav', format: 'ogg' })
  const file = { path: '/in.wav', bytes: 1, durationMs: 1, sha256: '' }
  open.told({ kind: 'recordingFinished', recordingId: 'r', legId: 'l', side: 'in', file, lostMs: 0 })
  const cut = { kind: 'recordingFailed', reason: 'engine_closed', message: 'it died', lostMs: 0 }
  const empty = { bytes: 0, durationMs: 0, sha256: '' }
  expect(open.cutOff('it died')).toEqual([
    { ...cut, recordingId: 'r', legId: 'l', side: 'out', file: { ...empty, path: '/out.wav' } },
    { ...cut, recordingId: 's', legId: undefined, side: undefined, file: { ...empty, path: '/s.wav' } },
  ])
  expect(open.cutOff('again')).toEqual([])
})
