import { describe, expect, it } from 'vitest'
import type { TransportFlow } from './flow.ts'
import type { SipMessage, SipRequest, SipResponse } from './message.ts'
import { parseMessage } from './parse.ts'
import { responseTo } from './response.ts'
import { TimerQueue } from './timers.ts'
import { Transactions } from './transactions.ts'

const udp: TransportFlow = { transport: 'UDP', remoteAddress: '192.0.2.9', remotePort: 5060 }
const tcp: TransportFlow = { ...udp, transport: 'TCP', connectionId: 'c1' }

function parsed(text: string): SipMessage {
  const result = parseMessage(
    new TextEncoder().encode(`${text.trim().split('\n').join('\r\n')}\r\nContent-Length: 0\r\n\r\n`),
  )
  if (!result.ok) throw new Error(result.reason)
  return result.message
}

function request(
  method: string,
  { branch = 'z9hG4bKone', to = '<sip:b@example.com>', cseq = 7, via = '' } = {},
): SipRequest {
  const message = parsed(`${method} sip:b@example.com SIP/2.0
Via: ${via || `SIP/2.0/UDP 192.0.2.9:5060${branch === '' ? '' : `;branch=${branch}`}`}
Max-Forwards: 70
From: <sip:a@example.com>;tag=from1
To: ${to}
Call-ID: call1
CSeq: ${cseq} ${method}
Contact: <sip:a@192.0.2.9>`)
  if (message.kind !== 'request') throw new Error('no request')
  return message
}

interface Sent {
  readonly at: number
  readonly line: string
  readonly flow: TransportFlow
}

function layer() {
  const timers = new TimerQueue()
  const sent: Sent[] = []
  const transactions = new Transactions({
    timers,
    sentBy: { address: '192.0.2.1', port: 5060 },
    send: (flow, bytes) =>
      sent.push({ at: timers.now, line: new TextDecoder().decode(bytes).split('\r\n')[0] ?? '', flow }),
    stepped: () => undefined,
  })
  const runTo = (now: number): void => {
    for (let next = timers.next(); next !== undefined && next.at <= now; next = timers.next()) {
      timers.observe(next.at)
      timers.runDue()
    }
    timers.observe(now)
  }
  const times = (start: string): number[] => sent.filter(({ line }) => line.startsWith(start)).map(({ at }) => at)
  return { timers, sent, transactions, runTo, times }
}

function client(method: string, flow: TransportFlow) {
  const around = layer()
  const heard: string[] = []
  const user = {
    response: (response: SipResponse) => heard.push(`${response.status}@${around.timers.now}`),
    failed: (why: string) => heard.push(`${why}@${around.timers.now}`),
  }
  const withoutVia = request(method)
  const transaction = around.transactions.send({
    request: { ...withoutVia, headers: withoutVia.headers.filter(({ name }) => name !== 'Via') },
    branch: 'z9hG4bKours',
    flow,
    user,
  })
  const answer = (status: number): boolean =>
    around.transactions.receiveResponse(responseTo(transaction.request, status, { tag: 't' }), flow)
  return { ...around, transaction, heard, answer }
}

describe('client transactions', () => {
  it('send an INVITE again at T1, 2·T1, 4·T1 … and give up at 64·T1', () => {
    const { times, runTo, heard, transactions } = client('INVITE', udp)
    runTo(60_000)
    expect(times('INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500])
    expect(heard).toEqual(['timeout@32000'])
    expect(transactions.size).toBe(0)
  })

  it('send other requests again with intervals up to T2, and every T2 once a provisional response came', () => {
    const quiet = client('OPTIONS', udp)
    quiet.runTo(60_000)
    expect(quiet.times('OPTIONS')).toEqual([0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
    const trying = client('OPTIONS', udp)
    trying.runTo(600)
    trying.answer(100)
    trying.runTo(60_000)
    expect(trying.times('OPTIONS')).toEqual([0, 500, 1500, 5500, 9500, 13_500, 17_500, 21_500, 25_500, 29_500])
    expect(trying.heard).toEqual(['100@600', 'timeout@32000'])
  })

  it('send nothing twice over a stream', () => {
    for (const method of ['INVITE', 'OPTIONS']) {
      const { times, runTo, heard } = client(method, tcp)
      runTo(60_000)
      expect(times(method)).toEqual([0])
      expect(heard).toEqual(['timeout@32000'])
    }
  })

  it('acknowledge each copy of a refusal for 32 s, telling the user once', () => {
    const { times, runTo, heard, answer, transactions } = client('INVITE', udp)
    answer(486)
    runTo(31_000)
    expect(answer(486)).toBe(true)
    runTo(40_000)
    expect(answer(486)).toBe(false)
    expect(times('ACK')).toEqual([0, 31_000])
    expect(heard).toEqual(['486@0'])
    expect(transactions.size).toBe(0)
  })

  it('pass every 2xx of an INVITE for 64·T1 and none after', () => {
    const { runTo, heard, answer } = client('INVITE', udp)
    answer(200)
    runTo(31_999)
    answer(200)
    runTo(32_000)
    expect(answer(200)).toBe(false)
    expect(heard).toEqual(['200@0', '200@31999'])
  })

  it('drop a response with another sent-by (§18.1.2)', () => {
    const { transaction, transactions } = client('INVITE', udp)
    const foreign = responseTo(transaction.request, 200, { tag: 't' })
    const headers = foreign.headers.map((entry) =>
      entry.name === 'Via' ? { ...entry, value: entry.value.replace('192.0.2.1', '192.0.2.77') } : entry,
    )
    expect(transactions.receiveResponse({ ...foreign, headers }, udp)).toBe(false)
  })

  it('tell their user when their flow fails', () => {
    const { heard, transactions } = client('INVITE', udp)
    transactions.flowFailed({ ...udp, remotePort: 5999 })
    expect(heard).toEqual([])
    transactions.flowFailed(udp)
    expect(heard).toEqual(['transport@0'])
    expect(transactions.size).toBe(0)
  })
})

describe('server transactions', () => {
  it('send a refusal again at T1, 2·T1 … T2 until 64·T1', () => {
    const { transactions, times, runTo } = layer()
    const invite = request('INVITE')
    transactions.serve(invite, udp).respond(responseTo(invite, 486, { tag: 't' }))
    runTo(60_000)
    expect(times('SIP/2.0 486')).toEqual([0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
    expect(transactions.size).toBe(0)
  })

  it('stop at the ACK and absorb further ones for T4', () => {
    const { transactions, times, runTo } = layer()
    const invite = request('INVITE')
    transactions.serve(invite, udp).respond(responseTo(invite, 486, { tag: 't' }))
    runTo(600)
    expect(transactions.receiveRequest(request('ACK'))).toBe(true)
    runTo(5599)
    expect(transactions.receiveRequest(request('ACK'))).toBe(true)
    runTo(5600)
    expect(transactions.receiveRequest(request('ACK'))).toBe(false)
    expect(times('SIP/2.0 486')).toEqual([0, 500])
    expect(transactions.unansweredOf(udp.remoteAddress)).toBe(0)
  })

  it('repeat the last response for a repeated request', () => {
    const { transactions, times, runTo } = layer()
    const options = request('OPTIONS')
    transactions.serve(options, udp).respond(responseTo(options, 200, { tag: 't' }))
    runTo(31_999)
    expect(transactions.receiveRequest(request('OPTIONS'))).toBe(true)
    runTo(32_000)
    expect(transactions.receiveRequest(request('OPTIONS'))).toBe(false)
    expect(times('SIP/2.0 200')).toEqual([0, 31_999])
  })

  it('tell apart requests by branch, sent-by and method (§17.2.3)', () => {
    const { transactions } = layer()
    transactions.serve(request('INVITE'), udp)
    expect(transactions.receiveRequest(request('INVITE'))).toBe(true)
    expect(transactions.receiveRequest(request('INVITE', { branch: 'z9hG4bKtwo' }))).toBe(false)
    expect(
      transactions.receiveRequest(request('INVITE', { via: 'SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bKone' })),
    ).toBe(false)
    expect(transactions.receiveRequest(request('OPTIONS'))).toBe(false)
  })

  it('find the INVITE of a CANCEL', () => {
    const { transactions } = layer()
    const transaction = transactions.serve(request('INVITE'), udp)
    expect(transactions.cancelled(request('CANCEL'))).toBe(transaction)
    expect(transactions.cancelled(request('CANCEL', { branch: 'z9hG4bKtwo' }))).toBeUndefined()
  })

  it('match by RFC 2543 rules when the branch has no magic cookie', () => {
    for (const branch of ['', 'old1']) {
      const { transactions } = layer()
      const invite = request('INVITE', { branch })
      const transaction = transactions.serve(invite, udp)
      expect(transactions.receiveRequest(request('INVITE', { branch }))).toBe(true)
      expect(transactions.receiveRequest(request('INVITE', { branch, cseq: 8 }))).toBe(false)
      expect(transactions.receiveRequest(request('INVITE', { branch, to: '<sip:b@example.com>;tag=x' }))).toBe(false)
      expect(transactions.cancelled(request('CANCEL', { branch }))).toBe(transaction)
      transaction.respond(responseTo(invite, 486, { tag: 'ours' }))
      expect(transactions.receiveRequest(request('ACK', { branch, to: '<sip:b@example.com>;tag=other' }))).toBe(false)
      expect(transactions.receiveRequest(request('ACK', { branch, to: '<sip:b@example.com>;tag=ours' }))).toBe(true)
      expect(transaction.state).toBe('confirmed')
    }
  })

  it('keep no body once an INVITE was accepted, and still know the ACK of RFC 2543 by its tag', () => {
    const { transactions, times } = layer()
    const invite = { ...request('INVITE', { branch: 'old1' }), body: new Uint8Array(100) }
    const transaction = transactions.serve(invite, udp)
    const success = responseTo(invite, 200, { tag: 'ours' })
    transaction.respond(success)
    transaction.respond(success)
    expect(times('SIP/2.0 200')).toEqual([0, 0])
    expect(transaction.request).toEqual({ ...invite, body: new Uint8Array(0) })
    const ack = (tag: string) => request('ACK', { branch: 'old1', to: `<sip:b@example.com>;tag=${tag}` })
    expect([transactions.receiveRequest(ack('other')), transactions.receiveRequest(ack('ours'))]).toEqual([false, true])
  })

  it('keep nothing of what they have answered for good but the answer', () => {
    const { transactions, times } = layer()
    const transactionOf = (method: string) => transactions.serve(request(method), udp)
    const [options, invite] = [transactionOf('OPTIONS'), transactionOf('INVITE')]
    options.respond(responseTo(options.request, 200, { tag: 't' }))
    invite.respond(responseTo(invite.request, 200, { tag: 't' }))
    expect([options, invite].map(({ request }) => request.headers.length > 0)).toEqual([false, true])
    invite.release()
    expect(invite.request.headers).toEqual([])
    expect(['OPTIONS', 'INVITE'].map((method) => transactions.receiveRequest(request(method)))).toEqual([true, true])
    expect(times('SIP/2.0 200')).toEqual([0, 0, 0])
  })

  it('notice a copy of a request that came another way (§8.2.2.2)', () => {
    const { transactions, runTo } = layer()
    const invite = request('INVITE')
    const transaction = transactions.serve(invite, udp)
    const copy = request('INVITE', { branch: 'z9hG4bKtwo' })
    expect(transactions.receiveRequest(copy)).toBe(false)
    expect(transactions.isMerged(copy)).toBe(true)
    expect(transactions.isMerged(request('INVITE', { branch: 'z9hG4bKtwo', cseq: 8 }))).toBe(false)
    transaction.respond(responseTo(invite, 486, { tag: 't' }))
    runTo(40_000)
    expect(transactions.isMerged(copy)).toBe(false)
  })

  it('answer by a new connection to the sent-by port when the one of the request is closed (§18.2.2)', () => {
    const { transactions, sent } = layer()
    const invite = request('INVITE', { via: 'SIP/2.0/TCP 192.0.2.9:5070;branch=z9hG4bKtcp' })
    const transaction = transactions.serve(invite, { ...tcp, remotePort: 41_234 })
    transactions.flowFailed({ ...tcp, remotePort: 41_234 })
    transaction.respond(responseTo(invite, 486, { tag: 't' }))
    expect(sent[0]?.flow).toEqual({ transport: 'TCP', remoteAddress: '192.0.2.9', remotePort: 5070 })
  })

  it('count what waits for an answer by its source', () => {
    const { transactions } = layer()
    const invite = request('INVITE')
    const transaction = transactions.serve(invite, udp)
    transactions.serve(request('INVITE', { branch: 'z9hG4bKtwo', cseq: 9 }), udp)
    expect(transactions.unansweredOf(udp.remoteAddress)).toBe(2)
    transaction.respond(responseTo(invite, 200, { tag: 't' }))
    expect(transactions.unansweredOf(udp.remoteAddress)).toBe(1)
    expect(transactions.unansweredOf('192.0.2.50')).toBe(0)
  })
})
