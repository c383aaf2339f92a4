import { describe, expect, it } from 'vitest'
import { identityOf, privacyOf } from './identity.ts'
import type { SipRequest } from './message.ts'
import { Bench, sdp } from './user-agent.fixture.ts'

function requestWith(...extra: readonly string[]): SipRequest {
  const bench = new Bench()
  bench.send({ body: sdp, extra })
  const event = bench.events.at(-1)
  if (event?.kind !== 'incoming') throw new Error('no call was told')
  return event.request
}

const trusted = { trusted: true }

describe('identityOf', () => {
  it('takes From when nothing is asserted', () => {
    expect(identityOf(requestWith('From: "Ann B" <sip:ann%2Bx@192.0.2.9>;tag=1'), trusted)).toEqual({
      uri: 'sip:ann%2Bx@192.0.2.9',
      displayName: 'Ann B',
      user: 'ann+x',
      source: 'From',
      restricted: false,
    })
  })

  it('takes P-Asserted-Identity of a trusted peer, a SIP URI before a telephone number', () => {
    const request = requestWith('P-Asserted-Identity: <tel:+15551234>, "Ann" <sip:+15550000@192.0.2.9>')
    expect(identityOf(request, trusted)).toEqual({
      uri: 'sip:+15550000@192.0.2.9',
      displayName: 'Ann',
      user: '+15550000',
      source: 'P-Asserted-Identity',
      restricted: false,
    })
  })

  it('believes neither header of a peer that is not trusted (RFC 3325 §5)', () => {
    const request = requestWith(
      'P-Asserted-Identity: <tel:+15551234>',
      'Remote-Party-ID: <sip:1@192.0.2.9>;party=calling',
    )
    expect(identityOf(request, { trusted: false })).toMatchObject({ uri: 'sip:a@192.0.2.9', source: 'From' })
  })

  it('takes the calling party of Remote-Party-ID, and its privacy', () => {
    const request = requestWith(
      'Remote-Party-ID: "B" <sip:2@192.0.2.9>;party=called, "A, x" <sip:1@192.0.2.9>;party=calling;privacy=full',
    )
    expect(identityOf(request, trusted)).toEqual({
      uri: 'sip:1@192.0.2.9',
      displayName: 'A, x',
      user: '1',
      source: 'Remote-Party-ID',
      restricted: true,
    })
  })

  it('passes over an asserted identity that cannot be read', () => {
    expect(identityOf(requestWith('P-Asserted-Identity: <sip:>'), trusted).source).toBe('From')
  })

  it.each([
    ['Privacy: id', true],
    ['Privacy: header;user', true],
    ['Privacy: critical', false],
    ['Privacy: id;none', false],
    ['From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1', true],
    ['Remote-Party-ID: <sip:1@192.0.2.9>;privacy=off', false],
  ])('%s restricts: %s', (line, restricted) => {
    expect(identityOf(requestWith(line), trusted).restricted).toBe(restricted)
  })
})

describe('privacyOf', () => {
  it('reads lists written either way', () => {
    expect(privacyOf(requestWith('Privacy: ID; critical', 'Privacy: user,header'))).toEqual([
      'id',
      'critical',
      'user',
      'header',
    ])
  })
})
