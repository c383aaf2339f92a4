// One INVITE sent three times byte by byte, as a phone does whose answers get lost: one call, one answer.
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { first, parseMessage, uriOf, writeDescription, writeMessage } from '../../demo/phone/sip-text.ts'
import { TestServer } from './server.ts'
import { eventually } from './tools.ts'

const address = '127.0.0.1'
let server: TestServer

beforeAll(async () => {
  server = await TestServer.start()
})
afterAll(() => server?.close())

test('a retransmitted INVITE gets the same answer and makes no second call', async () => {
  const { direct_hash: hash } = await server.api<{ direct_hash: string }>('POST', '/conferences', {
    type: 'conference',
    name: 'twice',
  })
  const socket = createSocket('udp4')
  socket.bind(0, address)
  await once(socket, 'listening')
  const { port } = socket.address()
  const answers: string[] = []
  socket.on('message', (bytes) => {
    const text = bytes.toString('utf8')
    if (text.startsWith('SIP/2.0 200')) answers.push(text)
  })
  const head = [
    ['Max-Forwards', '70'],
    ['From', `<sip:twice@${address}:${port}>;tag=one`],
    ['Call-ID', `twice-${port}@${address}`],
    ['Contact', `<sip:twice@${address}:${port}>`],
  ] as const
  const to = `<${server.sip(`direct.${hash}`)}>`
  const via = (branch: string) => ['Via', `SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${branch};rport`] as const
  const offer = writeDescription({ address, port: 9, payloadTypes: [0], direction: 'sendrecv' }, 1)
  const start = `INVITE ${server.sip(`direct.${hash}`)} SIP/2.0`
  const invite = writeMessage(start, [via('same'), ...head, ['To', to], ['CSeq', '1 INVITE']], offer)
  const send = (text: string): void => socket.send(text, server.sipPort, address)
  try {
    for (let count = 0; count < 3; count += 1) send(invite)
    // Two of ours repeated and one of the server's own, T1 after the first.
    await eventually('the answer came three times', () => (answers.length >= 3 ? true : undefined))
    expect(new Set(answers).size).toBe(1)
    const answer = parseMessage(answers[0] ?? '')
    const target = answer ? uriOf(first(answer, 'contact')) : ''
    const dialog = [...head, ['To', answer ? first(answer, 'to') : ''] as const]
    send(writeMessage(`ACK ${target} SIP/2.0`, [via('ack'), ...dialog, ['CSeq', '1 ACK']]))
    const { result } = await server.api<{ result: { id: string }[] }>('GET', '/calls')
    expect(result).toHaveLength(1)
    send(writeMessage(`BYE ${target} SIP/2.0`, [via('bye'), ...dialog, ['CSeq', '2 BYE']]))
    await eventually('the BYE is answered', () => answers.find((text) => text.includes('2 BYE')))
  } finally {
    socket.close()
  }
})
