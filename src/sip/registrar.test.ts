// RFC 3261 §10.3, RFC 5626 §6 and RFC 3327 §5.3 on plain values.
import { describe, expect, it } from 'vitest'
import type { Header, SipRequest } from './message.ts'
import { type RegisterRules, register } from './registrar.ts'
import type { Binding } from './registrar-contact.ts'

const now = 1_000_000
const rules: RegisterRules = {
  minExpires: 60,
  maxExpires: 7200,
  defaultExpires: 3600,
  mostBindings: 3,
  keepsFlow: true,
  now,
  wallMs: Date.UTC(2026, 0, 1),
}

type Fields = Readonly<Record<string, string | readonly string[]>>

/** A REGISTER of Call-ID `a` with CSeq 1 unless told otherwise. */
function registerOf(fields: Fields): SipRequest {
  const all: Fields = { Via: 'SIP/2.0/UDP 192.0.2.1', 'Call-ID': 'a', CSeq: '1 REGISTER', ...fields }
  const headers = Object.entries(all).flatMap(([name, values]): Header[] =>
    [values].flat().map((value) => ({ name, value })),
  )
  return { kind: 'request', method: 'REGISTER', uri: 'sip:example.org', headers, body: new Uint8Array(0) }
}

const bound = (fields: Partial<Binding> = {}): Binding => ({
  uri: 'sip:alice@192.0.2.1',
  instanceId: '',
  regId: 0,
  path: [],
  callId: 'old',
  cseq: 1,
  q: 1000,
  expiresAt: now + 60_000,
  ...fields,
})

const valuesOf = (fields: readonly Header[], name: string): string[] =>
  fields.filter((entry) => entry.name === name).map(({ value }) => value)

describe('a REGISTER', () => {
  it('without Contact only asks: every binding, best q first, with the seconds left', () => {
    const current = [bound({ q: 500 }), bound({ uri: 'sip:alice@192.0.2.2', expiresAt: now + 1500 })]
    const outcome = register(registerOf({}), current, rules)
    expect(outcome).toMatchObject({ status: 200, added: [], removed: [] })
    expect(valuesOf(outcome.headers, 'Contact')).toEqual([
      '<sip:alice@192.0.2.2>;expires=2',
      '<sip:alice@192.0.2.1>;expires=60;q=0.5',
    ])
    expect(valuesOf(outcome.headers, 'Date')).toEqual(['Thu, 01 Jan 2026 00:00:00 GMT'])
    expect(valuesOf(outcome.headers, 'Supported')).toEqual(['path, outbound'])
  })

  it('adds several contacts, each with its own or the general expiry', () => {
    const Contact = ['<sip:alice@192.0.2.1>;expires=120;q=0.25', '<sip:alice@192.0.2.2>']
    const { status, added } = register(registerOf({ Contact, Expires: '300' }), [], rules)
    expect(status).toBe(200)
    expect(added.map(({ binding: { uri, q, expiresAt } }) => ({ uri, q, seconds: (expiresAt - now) / 1000 }))).toEqual([
      { uri: 'sip:alice@192.0.2.1', q: 250, seconds: 120 },
      { uri: 'sip:alice@192.0.2.2', q: 1000, seconds: 300 },
    ])
  })

  it.each([
    ['no expiry', {}, 3600],
    ['an expiry over the longest', { Expires: '90000' }, 7200],
    ['a malformed expiry', { Expires: 'soon' }, 3600],
  ])('with %s is bound for the usual time', (_, fields, seconds) => {
    const { added } = register(registerOf({ Contact: '<sip:alice@192.0.2.1>', ...fields }), [], rules)
    expect(added.map(({ binding }) => (binding.expiresAt - now) / 1000)).toEqual([seconds])
  })

  it('for too brief a time is refused whole with 423 and Min-Expires', () => {
    const Contact = ['<sip:alice@192.0.2.1>;expires=59', '<sip:alice@192.0.2.2>']
    const outcome = register(registerOf({ Contact }), [], rules)
    expect(outcome).toEqual({ status: 423, headers: [{ name: 'Min-Expires', value: '60' }], added: [], removed: [] })
  })

  it('replaces the binding with an equal URI, and ends it with expires=0', () => {
    const old = bound({ uri: 'sip:alice@Host.example;transport=tcp' })
    const refreshed = register(registerOf({ Contact: '<sip:alice@host.EXAMPLE;transport=TCP>' }), [old], rules)
    expect(refreshed.added).toMatchObject([{ replaces: old, binding: { callId: 'a', cseq: 1 } }])
    expect(valuesOf(refreshed.headers, 'Contact')).toHaveLength(1)
    const ended = register(registerOf({ Contact: '<sip:alice@host.example;transport=tcp>;expires=0' }), [old], rules)
    expect(ended).toMatchObject({ status: 200, added: [], removed: [old] })
    expect(valuesOf(ended.headers, 'Contact')).toEqual([])
  })

  it('that is older than what it would change is refused, and nothing changes', () => {
    const known = bound({ callId: 'a', cseq: 5 })
    const Contact = '<sip:alice@192.0.2.1>'
    expect(register(registerOf({ Contact, CSeq: '5 REGISTER' }), [known], rules)).toMatchObject({
      status: 500,
      added: [],
    })
    expect(register(registerOf({ Contact: '*', Expires: '0', CSeq: '4 REGISTER' }), [known], rules)).toMatchObject({
      status: 500,
      removed: [],
    })
    expect(register(registerOf({ Contact, CSeq: '6 REGISTER' }), [known], rules).status).toBe(200)
  })

  it('with Contact: * and Expires: 0 ends all; with another expiry or another Contact it is malformed', () => {
    const current = [bound(), bound({ uri: 'sip:alice@192.0.2.2' })]
    expect(register(registerOf({ Contact: '*', Expires: '0' }), current, rules)).toMatchObject({
      status: 200,
      removed: current,
    })
    expect(register(registerOf({ Contact: '*', Expires: '60' }), current, rules).status).toBe(400)
    expect(register(registerOf({ Contact: '*' }), current, rules).status).toBe(400)
  })

  it('with a contact that is no SIP URI, or one twice, is malformed', () => {
    expect(register(registerOf({ Contact: '<mailto:alice@example.org>' }), [], rules).status).toBe(400)
    const Contact = ['<sip:alice@192.0.2.1>', '<sip:alice@192.0.2.1>;q=0.3']
    expect(register(registerOf({ Contact }), [], rules).status).toBe(400)
  })

  it('past the most bindings makes the one that would expire first give way', () => {
    const current = [3, 1, 2].map((n) => bound({ uri: `sip:alice@192.0.2.${n}`, expiresAt: now + n * 60_000 }))
    const outcome = register(registerOf({ Contact: '<sip:alice@192.0.2.9>' }), current, rules)
    expect(outcome.removed.map(({ uri }) => uri)).toEqual(['sip:alice@192.0.2.1'])
    expect(valuesOf(outcome.headers, 'Contact')).toHaveLength(3)
  })
})

describe('outbound (RFC 5626)', () => {
  const instance = '"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>"'
  const contact = `<sip:alice@192.0.2.7;ob>;reg-id=1;+sip.instance=${instance}`
  const old = bound({ instanceId: instance.slice(1, -1), regId: 1 })

  it('replaces by instance and reg-id, whatever the URI, and confirms on a flow that is kept alive', () => {
    const request = registerOf({ Contact: contact, Supported: 'path, outbound' })
    const outcome = register(request, [old], rules)
    expect(outcome.added).toMatchObject([{ replaces: old, binding: { uri: 'sip:alice@192.0.2.7;ob', regId: 1 } }])
    expect(valuesOf(outcome.headers, 'Require')).toEqual(['outbound'])
    expect(valuesOf(outcome.headers, 'Flow-Timer')).toEqual(['120'])
    expect(valuesOf(outcome.headers, 'Contact')).toEqual([
      `<sip:alice@192.0.2.7;ob>;expires=3600;+sip.instance=${instance};reg-id=1`,
    ])
    expect(valuesOf(register(request, [old], { ...rules, keepsFlow: false }).headers, 'Require')).toEqual([])
  })

  it('keeps two flows of one instance apart, and passes reg-id over without the option tag', () => {
    const second = registerOf({ Contact: contact.replace('reg-id=1', 'reg-id=2'), Supported: 'outbound' })
    expect(register(second, [old], rules).added).toMatchObject([{ binding: { regId: 2 } }])
    expect(register(second, [old], rules).added[0]?.replaces).toBeUndefined()
    expect(register(registerOf({ Contact: contact }), [], rules).added).toMatchObject([{ binding: { regId: 0 } }])
  })

  it('takes one flow at a time, through hops that said that they keep it (439)', () => {
    const both = [contact, '<sip:alice@192.0.2.8>']
    expect(register(registerOf({ Contact: both, Supported: 'outbound' }), [], rules).status).toBe(400)
    const proxied = {
      Contact: contact,
      Supported: 'outbound',
      Via: ['SIP/2.0/UDP 192.0.2.50', 'SIP/2.0/UDP 192.0.2.1'],
    }
    expect(register(registerOf({ ...proxied, Path: '<sip:192.0.2.50;lr>' }), [], rules).status).toBe(439)
    expect(register(registerOf({ ...proxied, Path: '<sip:192.0.2.50;lr;ob>' }), [], rules).status).toBe(200)
  })
})

it('keeps Path with the binding and shows it to phones that know of it (RFC 3327)', () => {
  const Path = ['<sip:p2.example;lr>', '<sip:p1.example;lr>']
  const fields = { Contact: '<sip:alice@192.0.2.1>', Path }
  const outcome = register(registerOf({ ...fields, Supported: 'path' }), [], rules)
  expect(outcome.added).toMatchObject([{ binding: { path: Path } }])
  expect(valuesOf(outcome.headers, 'Path')).toEqual(Path)
  expect(valuesOf(register(registerOf(fields), [], rules).headers, 'Path')).toEqual([])
})
