// Headers of SIP and variables of flows, either way; nothing that is given can write a line of its own.
import { describe, expect, it } from 'vitest'
import { headerVariables, variableHeaders } from './sip-headers.ts'

const invite = (...headers: [string, string][]) => ({
  kind: 'request' as const,
  method: 'INVITE',
  uri: 'sip:x@y',
  headers: headers.map(([name, value]) => ({ name, value })),
  body: new Uint8Array(),
})

describe('the X- headers of an INVITE', () => {
  it('become variables, values of one name joined, all others left out', () => {
    const request = invite(['X-Ticket', '42'], ['x-ticket', '43'], ['Via', 'v'], ['XY', 'z'], ['X-Empty', ''])
    expect(headerVariables(request)).toEqual({ 'sip.header.X-Ticket': '42, 43', 'sip.header.X-Empty': '' })
  })

  it('are limited in number and length', () => {
    const many = Array.from({ length: 100 }, (_, index): [string, string] => [`X-${index}`, 'v'])
    expect(Object.keys(headerVariables(invite(...many)))).toHaveLength(32)
    expect(headerVariables(invite(['X-Long', 'v'.repeat(1025)]))).toEqual({})
  })
})

describe('variables given on dialling', () => {
  it('go out as headers when they are named so', () => {
    const headers = variableHeaders({ 'sip.header.X-Ticket': '42', other: 'x', 'voipbin.call.id': 'y' })
    expect(headers).toEqual([{ name: 'X-Ticket', value: '42' }])
  })

  it.each([
    ['sip.header.Via', 'SIP/2.0/UDP evil', 'only headers whose name begins with X-'],
    ['sip.header.P-Asserted-Identity', '<sip:president@x>', 'only headers'],
    ['sip.header.X-A: b\r\nVia', 'v', 'only headers'],
    ['sip.header.X-A', 'a\r\nVia: evil', 'one line'],
    ['sip.header.X-A', 'a\u0000', 'one line'],
    ['sip.header.X-A', 'v'.repeat(1025), '1024'],
  ])('%j with %j is refused', (name, value, why) => {
    expect(() => variableHeaders({ [name]: value })).toThrow(why)
  })
})
