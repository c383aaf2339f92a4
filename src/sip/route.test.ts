import { describe, expect, it } from 'vitest'
import type { TransportFlow } from './flow.ts'
import { nextFlow, numericFlow, routed } from './route.ts'
import { parseUri } from './uri.ts'

const udp: TransportFlow = { transport: 'UDP', remoteAddress: '203.0.113.5', remotePort: 40_000 }
const tcp: TransportFlow = { ...udp, transport: 'TCP', connectionId: 'c' }
const question = { remoteTarget: 'sip:a@10.0.0.7:5062', routeSet: [], lastFlow: udp, lastFlowLost: false }
const anywhere = (): boolean => true
const nowhere = (): boolean => false

describe('the flow of the next request', () => {
  it('is the last one when the Contact has another address or a name', () => {
    expect(nextFlow(question, anywhere)).toEqual(udp)
    expect(nextFlow({ ...question, remoteTarget: 'sip:a@phone.example.com' }, anywhere)).toEqual(udp)
  })

  it('goes to the port of the Contact when its address is the same', () => {
    expect(nextFlow({ ...question, remoteTarget: 'sip:a@203.0.113.5' }, anywhere)).toEqual({ ...udp, remotePort: 5060 })
  })

  it('goes to a numeric first route, IPv6 too', () => {
    const routeSet = ['<sip:[2001:db8::1]:5070;lr>', '<sip:198.51.100.1;lr>']
    expect(nextFlow({ ...question, routeSet }, anywhere)).toEqual({
      transport: 'UDP',
      remoteAddress: '2001:db8::1',
      remotePort: 5070,
    })
  })

  it('stays on an open connection, unless the route leads to another host', () => {
    expect(nextFlow({ ...question, lastFlow: tcp }, anywhere)).toEqual(tcp)
    expect(nextFlow({ ...question, lastFlow: tcp, routeSet: ['<sip:203.0.113.5;lr>'] }, anywhere)).toEqual(tcp)
    const elsewhere = nextFlow(
      { ...question, lastFlow: tcp, routeSet: ['<sip:198.51.100.1;transport=tcp;lr>'] },
      anywhere,
    )
    expect(elsewhere).toEqual({ transport: 'TCP', remoteAddress: '198.51.100.1', remotePort: 5060 })
  })

  it('opens a new connection to the Contact when the last is closed', () => {
    const lost = { ...question, lastFlow: tcp, lastFlowLost: true }
    expect(nextFlow(lost, anywhere)).toEqual({ transport: 'TCP', remoteAddress: '10.0.0.7', remotePort: 5062 })
    expect(nextFlow({ ...lost, remoteTarget: 'sip:a@phone.example.com' }, anywhere)).toEqual({
      transport: 'TCP',
      remoteAddress: '203.0.113.5',
      remotePort: 40_000,
    })
  })
})

describe('the flow of the next request after TLS', () => {
  const remoteName = 'trunk.example'
  const tls: TransportFlow = { ...udp, transport: 'TLS', connectionId: 'c', remoteName }
  const lost = { ...question, lastFlow: tls, lastFlowLost: true }

  it('is the open connection', () => {
    expect(nextFlow({ ...question, lastFlow: tls, remoteTarget: 'sip:a@203.0.113.5' }, anywhere)).toEqual(tls)
  })

  it.each([
    ['sip:a@10.0.0.7', 5061],
    ['sip:a@10.0.0.7:5071;transport=tcp', 5071],
    ['sips:a@10.0.0.7', 5061],
  ])(
    'is TLS with the same name for the certificate when the connection is lost and the Contact is %s',
    (remoteTarget, remotePort) => {
      expect(nextFlow({ ...lost, remoteTarget }, anywhere)).toEqual({
        transport: 'TLS',
        remoteAddress: '10.0.0.7',
        remotePort,
        remoteName,
      })
    },
  )

  it('is the same place by a new connection when the Contact is a name', () => {
    const { connectionId: _, ...unopened } = tls
    expect(nextFlow({ ...lost, remoteTarget: 'sip:a@phone.example.com' }, anywhere)).toEqual(unopened)
  })

  it('is TLS to the next hop of the route too', () => {
    const routeSet = ['<sip:198.51.100.1;lr>']
    const hop = { transport: 'TLS', remoteAddress: '198.51.100.1', remotePort: 5061 }
    expect(nextFlow({ ...question, lastFlow: tls, routeSet }, anywhere)).toEqual(hop)
  })
})

describe('the flow of the next request, where no other address may be reached', () => {
  it('is the last one whatever a Record-Route or, after a lost connection, a Contact says', () => {
    const routeSet = ['<sip:198.51.100.1;lr>']
    expect(nextFlow({ ...question, routeSet }, nowhere)).toEqual(udp)
    expect(nextFlow({ ...question, lastFlow: tcp, routeSet }, nowhere)).toEqual(tcp)
    const { connectionId: _, ...unopened } = tcp
    const lost = { ...question, lastFlow: tcp, lastFlowLost: true }
    expect(nextFlow({ ...lost, remoteTarget: 'sip:a@198.51.100.1' }, nowhere)).toEqual(unopened)
    expect(nextFlow({ ...lost, routeSet }, nowhere)).toEqual(unopened)
  })

  it('may have another port of the same address', () => {
    const routeSet = ['<sip:203.0.113.5:5080;lr>']
    expect(nextFlow({ ...question, routeSet }, nowhere)).toEqual({ ...udp, remotePort: 5080 })
  })
})

describe('a URI', () => {
  const flow = (text: string) => numericFlow(parseUri(text))

  it('with sips: or transport=tls leads to TLS, port 5061', () => {
    const expected = { transport: 'TLS', remoteAddress: '192.0.2.7', remotePort: 5061 }
    for (const text of ['sips:a@192.0.2.7', 'sip:a@192.0.2.7;transport=tls', 'sips:a@192.0.2.7;transport=TCP'])
      expect(flow(text)).toEqual(expected)
    expect(flow('sips:a@phone.example;maddr=192.0.2.7')).toEqual({ ...expected, remoteName: 'phone.example' })
  })

  it('with a transport that we lack, or that sips: excludes, leads nowhere', () => {
    for (const text of [
      'sips:a@192.0.2.7;transport=udp',
      'sip:a@192.0.2.7;transport=ws',
      'tel:+1',
      'sip:a@name.example',
    ])
      expect(flow(text)).toBeUndefined()
  })
})

describe('a route set', () => {
  it('goes into Route as it is when the first hop is a loose router', () => {
    const routes = ['<sip:p1.example.com;lr>', '<sip:p2.example.com>']
    expect(routed('sip:a@b', routes)).toEqual({
      uri: 'sip:a@b',
      routes: routes.map((value) => ({ name: 'Route', value })),
    })
  })

  it('sends to a strict router with its URI as Request-URI and the target last', () => {
    expect(routed('sip:a@b', ['<sip:p1.example.com?x=y>', '<sip:p2.example.com;lr>'])).toEqual({
      uri: 'sip:p1.example.com',
      routes: [
        { name: 'Route', value: '<sip:p2.example.com;lr>' },
        { name: 'Route', value: '<sip:a@b>' },
      ],
    })
  })

  it('that is empty leaves the target alone', () => {
    expect(routed('sip:a@b', [])).toEqual({ uri: 'sip:a@b', routes: [] })
  })
})
