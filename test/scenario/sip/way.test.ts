// The ways that messages take: challenges, Record-Route, NAT, and stream connections that close.
import { describe, expect, it } from 'vitest'
import { parseCredentials } from '../../../src/sip/digest.ts'
import type { TransportFlow } from '../../../src/sip/flow.ts'
import { type Header, header, headers, type SipMessage, type SipRequest } from '../../../src/sip/message.ts'
import { expectEmpty } from './assertions.ts'
import { sdp } from './session-description.ts'
import { type Reaction, VirtualNetwork } from './virtual-network.ts'

const accepting: Reaction = (event, peer) => {
  if (event.kind === 'incoming')
    peer.command({ kind: 'accept', sessionId: event.sessionId, description: sdp('callee') })
}

const credentials = { username: 'alice', password: 'secret' }
const challenge = (nonce: string, stale = false): Header => ({
  name: 'Proxy-Authenticate',
  value: `Digest realm="test", nonce="${nonce}", algorithm=SHA-256, qop="auth"${stale ? ', stale=true' : ''}`,
})

/** A far end that answers INVITEs with these headers in turn, then with 200. */
function challenging(challenges: readonly Header[]) {
  const network = new VirtualNetwork(1)
  const invites: SipRequest[] = []
  const callee = network.scripted('192.0.2.2', (message, from) => {
    if (message.kind !== 'request' || message.method === 'ACK') return
    if (message.method !== 'INVITE') return callee.respond(from, message, 200)
    const next = challenges[invites.length]
    invites.push(message)
    if (next !== undefined) callee.respond(from, message, 407, { tag: 'proxy', headers: [next] })
    else callee.respond(from, message, 200, { tag: 'callee', description: sdp('callee') })
  })
  const caller = network.peer('192.0.2.1')
  return { network, callee, caller, invites }
}

describe('a challenged INVITE', () => {
  it('is sent again with credentials, a higher CSeq and the same Call-ID', () => {
    const { network, callee, caller, invites } = challenging([challenge('n1')])
    caller.call(callee, { offer: sdp('caller'), credentials })
    network.run(1000)
    expect(caller.kinds()).toEqual(['accepted'])
    expect(invites.map((invite) => header(invite, 'CSeq'))).toEqual(['1 INVITE', '2 INVITE'])
    expect(new Set(invites.map((invite) => header(invite, 'Call-ID'))).size).toBe(1)
    const answer = parseCredentials(header(invites[1] as SipRequest, 'Proxy-Authorization') ?? '')
    expect(answer).toMatchObject({ username: 'alice', realm: 'test', nonce: 'n1', nc: '00000001' })
    const acks = callee.received.filter((message) => message.kind === 'request' && message.method === 'ACK')
    expect(acks.map((ack) => header(ack, 'CSeq'))).toEqual(['1 ACK', '2 ACK'])
    expect(acks[1] && header(acks[1], 'Proxy-Authorization')).toBe(
      header(invites[1] as SipRequest, 'Proxy-Authorization'),
    )
  })

  it('is answered once per nonce: another challenge means that the password is wrong', () => {
    const { network, callee, caller, invites } = challenging([challenge('n1'), challenge('n2'), challenge('n3')])
    caller.call(callee, { offer: sdp('caller'), credentials })
    network.run()
    expect(invites.length).toBe(2)
    expect(caller.ended).toMatchObject([{ by: 'remote', status: 407 }])
    expectEmpty(caller)
  })

  it('is answered again when the nonce was stale', () => {
    const { network, callee, caller, invites } = challenging([challenge('n1'), challenge('n2', true)])
    caller.call(callee, { offer: sdp('caller'), credentials })
    network.run(1000)
    expect(invites.length).toBe(3)
    expect(caller.kinds()).toEqual(['accepted'])
  })

  it('ends the session when there are no credentials', () => {
    const { network, callee, caller, invites } = challenging([challenge('n1')])
    caller.call(callee, { offer: sdp('caller') })
    network.run()
    expect(invites.length).toBe(1)
    expect(caller.ended).toMatchObject([{ status: 407 }])
  })
})

describe('requests in a dialog', () => {
  /** A call through a scripted proxy that adds Record-Route; returns the BYE that the caller sends. */
  const byeVia = (
    recordRoutes: readonly string[],
    contact: string,
  ): { bye: SipRequest | undefined; to: string | undefined } => {
    const network = new VirtualNetwork(1)
    const callee = network.scripted('192.0.2.2', (message, from) => {
      if (message.kind !== 'request' || message.method !== 'INVITE') return
      const routes = recordRoutes.map((value) => ({ name: 'Record-Route', value }))
      const request = { ...message, headers: [...message.headers, ...routes] }
      callee.respond(from, request, 200, {
        tag: 'x',
        headers: [{ name: 'Contact', value: contact }],
        description: sdp('callee'),
      })
    })
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(callee, { offer: sdp('caller') })
    network.run(1000)
    caller.command({ kind: 'terminate', sessionId })
    const packet = network.packets.findLast(({ message }) => message?.kind === 'request' && message.method === 'BYE')
    return { bye: packet?.message?.kind === 'request' ? packet.message : undefined, to: packet?.to }
  }

  it('take the route set in reverse order and the first hop of it', () => {
    const { bye, to } = byeVia(['<sip:198.51.100.2;lr>', '<sip:198.51.100.1:5070;lr>'], '<sip:192.0.2.2>')
    expect(bye && headers(bye, 'Route')).toEqual(['<sip:198.51.100.1:5070;lr>', '<sip:198.51.100.2;lr>'])
    expect(bye?.uri).toBe('sip:192.0.2.2:5060')
    expect(to).toBe('198.51.100.1:5070')
  })

  it('go by the flow of the dialog when the first hop is a name', () => {
    expect(byeVia(['<sip:proxy.example.com;lr>'], '<sip:192.0.2.2>').to).toBe('192.0.2.2:5060')
  })

  it('put a strict router into the Request-URI and the target at the end of the route (§12.2.1.1)', () => {
    const { bye } = byeVia(['<sip:198.51.100.2;lr>', '<sip:198.51.100.1>'], '<sip:192.0.2.2>')
    expect(bye?.uri).toBe('sip:198.51.100.1')
    expect(bye && headers(bye, 'Route')).toEqual(['<sip:198.51.100.2;lr>', '<sip:192.0.2.2:5060>'])
  })
})

describe('a phone behind NAT', () => {
  it('gets requests where its own came from, although its Contact is private', () => {
    const network = new VirtualNetwork(1)
    const server = network.peer('192.0.2.2', accepting)
    const nat: TransportFlow = { transport: 'UDP', remoteAddress: '192.0.2.2', remotePort: 5060 }
    const phone = network.scripted('203.0.113.5', () => undefined)
    const common = ['From: <sip:phone@10.0.0.7>;tag=1', 'Call-ID: nat', 'Contact: <sip:phone@10.0.0.7:5062>']
    phone.send(
      nat,
      [
        'INVITE sip:room@192.0.2.2 SIP/2.0',
        'Via: SIP/2.0/UDP 10.0.0.7:5062;rport;branch=z9hG4bK1',
        'To: <sip:room@192.0.2.2>',
        'CSeq: 1 INVITE',
        ...common,
        'Content-Type: application/sdp',
      ],
      sdp('phone'),
    )
    network.run(20)
    const ok = phone.received.find((message) => message.kind === 'response' && message.status === 200)
    expect(ok && header(ok, 'Via')).toMatch(/;received=203\.0\.113\.5/)
    expect(ok && header(ok, 'Via')).toMatch(/;rport=5060/)
    phone.send(nat, [
      'ACK sip:192.0.2.2 SIP/2.0',
      'Via: SIP/2.0/UDP 10.0.0.7:5062;rport;branch=z9hG4bK2',
      `To: ${ok && header(ok, 'To')}`,
      'CSeq: 1 ACK',
      ...common,
    ])
    network.run(40)
    server.command({ kind: 'terminate', sessionId: server.last('incoming')?.sessionId ?? '' })
    const bye = network.packets.findLast(({ message }) => message?.kind === 'request' && message.method === 'BYE')
    expect(bye?.to).toBe('203.0.113.5:5060')
    expect(bye?.message?.kind === 'request' && bye.message.uri).toBe('sip:phone@10.0.0.7:5062')
  })
})

describe('a call over TCP', () => {
  const destination = { transport: 'TCP', remoteAddress: '192.0.2.2', remotePort: 5060 } as const

  it('repeats nothing, names its transport in Contact and uses one connection', () => {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2', accepting)
    const caller = network.peer('192.0.2.1')
    const sessionId = caller.call(callee, { offer: sdp('caller'), destination })
    network.run(1000)
    callee.command({ kind: 'terminate', sessionId: callee.last('incoming')?.sessionId ?? '' })
    network.run()
    expect(network.trace()).toEqual(['INVITE', '100 INVITE', '200 INVITE', 'ACK', 'BYE', '200 BYE'])
    expect(network.connectionIds.length).toBe(1)
    const invite = network.packets[0]?.message
    expect(invite && header(invite, 'Contact')).toBe('<sip:192.0.2.1:5060;transport=tcp>')
    expect(invite && header(invite, 'Via')).toMatch(/^SIP\/2\.0\/TCP /)
    expect(caller.kinds(sessionId)).toEqual(['accepted', 'ended'])
    expectEmpty(caller, callee)
  })

  it('opens a new connection to the Contact when the old one was closed', () => {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2', accepting)
    const caller = network.peer('192.0.2.1')
    caller.call(callee, { offer: sdp('caller'), destination })
    network.run(1000)
    for (const id of network.connectionIds) network.cut(id)
    callee.command({ kind: 'terminate', sessionId: callee.last('incoming')?.sessionId ?? '' })
    network.run()
    expect(caller.ended).toMatchObject([{ by: 'remote', status: 0 }])
    expectEmpty(caller, callee)
  })

  it('ends with a transport failure when nobody listens', () => {
    const network = new VirtualNetwork(1)
    const caller = network.peer('192.0.2.1')
    caller.call(
      { address: '192.0.2.66', port: 5060 },
      { offer: sdp('caller'), destination: { ...destination, remoteAddress: '192.0.2.66' } },
    )
    network.run()
    expect(caller.ended).toMatchObject([{ by: 'transport', status: 503 }])
    expectEmpty(caller)
  })
})

describe('a call over TLS', () => {
  const destination = {
    transport: 'TLS',
    remoteAddress: '192.0.2.2',
    remotePort: 5061,
    remoteName: 'callee.example',
  } as const
  const secure = (address: string) => ({ sentBy: { address, port: 5060, tlsPort: 5061 } })

  function call(requestUri: string) {
    const network = new VirtualNetwork(1)
    const callee = network.peer('192.0.2.2', accepting, secure('192.0.2.2'))
    const caller = network.peer('192.0.2.1', undefined, secure('192.0.2.1'))
    const sessionId = caller.call(callee, { offer: sdp('caller'), destination, requestUri })
    network.run(1000)
    const sent = (of: string) => network.packets.find(({ message }) => message && describeMessage(message) === of)
    return { network, callee, caller, sessionId, sent }
  }

  it('repeats nothing, names port and transport in Via and Contact, and uses one connection', () => {
    const { network, callee, caller, sessionId, sent } = call('sip:room@callee.example;transport=tls')
    callee.command({ kind: 'terminate', sessionId: callee.last('incoming')?.sessionId ?? '' })
    network.run()
    expect(network.trace()).toEqual(['INVITE', '100 INVITE', '200 INVITE', 'ACK', 'BYE', '200 BYE'])
    expect(network.connectionIds.length).toBe(1)
    const [invite, answer] = [sent('INVITE')?.message, sent('200')?.message]
    expect(invite && header(invite, 'Via')).toMatch(/^SIP\/2\.0\/TLS 192\.0\.2\.1:5061;/)
    expect(invite && header(invite, 'Contact')).toBe('<sip:192.0.2.1:5061;transport=tls>')
    expect(answer && header(answer, 'Contact')).toBe('<sip:192.0.2.2:5061;transport=tls>')
    expect(caller.kinds(sessionId)).toEqual(['accepted', 'ended'])
    expectEmpty(caller, callee)
  })

  it('to a sips: URI has sips: in the Contact of both sides (§8.1.1.8, §12.1.1)', () => {
    const { sent } = call('sips:room@callee.example')
    const [invite, answer] = [sent('INVITE')?.message, sent('200')?.message]
    expect(invite && header(invite, 'Contact')).toBe('<sips:192.0.2.1:5061>')
    expect(answer && header(answer, 'Contact')).toBe('<sips:192.0.2.2:5061>')
  })

  it('keeps to TLS and to the name of the certificate when its connection was closed', () => {
    const { network, caller, callee, sessionId } = call('sips:room@callee.example')
    for (const id of network.connectionIds) network.cut(id)
    const [before] = network.connectionIds
    caller.command({ kind: 'terminate', sessionId })
    network.run(2000)
    expect(before).toBeUndefined()
    expect(callee.last('incoming')?.flow.transport).toBe('TLS')
    expect(callee.ended).toMatchObject([{ by: 'remote', status: 0 }])
    expect(network.connectionIds.map((id) => network.connectionName(id))).toEqual(['callee.example'])
    network.run()
    expectEmpty(caller, callee)
  })
})

const describeMessage = (message: SipMessage): string =>
  message.kind === 'request' ? message.method : String(message.status)
