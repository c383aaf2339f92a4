// Seeded mutations of SIP messages and session descriptions, and what must hold of every parser whatever comes in.
import { readdirSync, readFileSync } from 'node:fs'
import { formatDescription, parseDescription } from '../../src/sdp/description.ts'
import { answerOffer, makeOffer, readAnswer } from '../../src/sdp/negotiate.ts'
import { parseCSeq } from '../../src/sip/cseq.ts'
import { answerChallenge, parseChallenge, parseCredentials } from '../../src/sip/digest.ts'
import { DigestVerifier } from '../../src/sip/digest-verifier.ts'
import { StreamFramer } from '../../src/sip/framer.ts'
import { longestMessage, mostHeaders } from '../../src/sip/head-section.ts'
import { formatNameAddr, parseNameAddr } from '../../src/sip/name-addr.ts'
import { type ParseResult, parseMessage } from '../../src/sip/parse.ts'
import { serialize } from '../../src/sip/serialize.ts'
import { decodedUser, formatUri, parseUri, uriEquals } from '../../src/sip/uri.ts'
import { formatVia, parseVia } from '../../src/sip/via.ts'

export interface FuzzReport {
  readonly inputs: number
  readonly messagesAccepted: number
  readonly answersMade: number
  /** How often each reason was given. */
  readonly refusals: ReadonlyMap<string, number>
}

/** mulberry32: 32 bits of state, the same sequence everywhere for a seed; each call gives a whole number below `limit`. */
export function randomFrom(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit)
  }
}

type Random = ReturnType<typeof randomFrom>

const folder = new URL('../torture/messages/', import.meta.url)

const ownOffer = makeOffer({
  address: '192.0.2.1',
  rtpPort: 20_000,
  sessionId: '1',
  sessionVersion: 1,
  direction: 'sendrecv',
  codecs: ['PCMU', 'PCMA'],
  ptimeMs: 20,
})

const descriptions = [
  ownOffer,
  'v=0\r\no=- 3 4 IN IP6 2001:db8::1\r\ns=call\r\nt=0 0\r\na=recvonly\r\nm=audio 5004/2 RTP/AVP 9 8 96\r\nc=IN IP6 2001:db8::2\r\na=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:40\r\na=maxptime:60\r\na=rtcp:5009 IN IP6 2001:db8::2\r\nm=video 0 RTP/AVP 31\r\n',
  'v=0\r\no=x 9 9 IN IP4 h.example.com\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=audio 4000 RTP/SAVP 0\r\nm=audio 4002 RTP/AVPF 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=sendonly\r\n',
]

const challenges = [
  'Digest realm="example.com", nonce="84a4cc6f", opaque="x", algorithm=SHA-256, qop="auth,auth-int", stale=true',
  'Digest realm="a\\"b", nonce="0", algorithm=MD5-sess, userhash=true',
  'Digest username="bob", realm="r", nonce="n", uri="sip:a@b", response="00112233445566778899aabbccddeeff", qop=auth, nc=00000001, cnonce="c", algorithm=MD5',
]

function corpus(): Uint8Array[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.dat'))
    .sort()
  return [
    ...files.map((file) => readFileSync(new URL(file, folder))),
    ...[...descriptions, ...challenges].map((text) => Buffer.from(text)),
  ]
}

/** Texts that grammars trip over. */
const nasty = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\r\n ',
  '"',
  '\\',
  '<',
  '>',
  ',',
  ';',
  ';;',
  ':',
  '@',
  '%',
  '%0',
  '%00',
  '[',
  ']',
  ':::',
  '*',
  '=',
  '\u0000',
  '\u00ff',
  '\ufeff',
  '99999999999999999999',
  '-1',
  '4294967296',
  '0',
  'v:',
  'l:',
  'Content-Length: 7\r\n',
  'm=audio 1 RTP/AVP 0\r\n',
  'a=rtpmap:0 ',
]

const mutations: readonly ((bytes: Uint8Array, random: Random, seeds: readonly Uint8Array[]) => Uint8Array)[] = [
  (bytes, random) => {
    const copy = Uint8Array.from(bytes)
    const at = random(copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << random(8))
    return copy
  },
  (bytes, random) => bytes.slice(0, random(bytes.length + 1)),
  (bytes, random) => {
    const from = random(bytes.length)
    return splice(bytes, from, from + random(40), new Uint8Array(0))
  },
  (bytes, random) => splice(bytes, random(bytes.length), 0, Buffer.from(nasty[random(nasty.length)] ?? '')),
  (bytes, random, seeds) => {
    const other = seeds[random(seeds.length)] ?? bytes
    const from = random(other.length)
    return splice(bytes, random(bytes.length), 0, other.slice(from, from + random(120)))
  },
  repeatLine,
  (bytes, random) =>
    Buffer.from(
      Buffer.from(bytes)
        .toString('latin1')
        .replace(/\d+/, () => '9'.repeat(1 + random(80))),
      'latin1',
    ),
  (bytes, random) => {
    const at = random(bytes.length)
    return splice(bytes, at, 0, new Uint8Array(random(3000)).fill(bytes[at] ?? 0x20))
  },
]

/** `remove` is an end index when it is larger than `at`, else nothing is removed. */
function splice(bytes: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(Math.max(at, remove))])
}

function repeatLine(bytes: Uint8Array, random: Random): Uint8Array {
  const lines = Buffer.from(bytes).toString('latin1').split('\r\n')
  const line = lines[random(lines.length)] ?? ''
  const times = random(12) === 0 ? 300 : 1 + random(3)
  lines.splice(random(lines.length), 0, ...new Array<string>(times).fill(line))
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`broken: ${what}`)
}

function checkMessage(result: ParseResult): void {
  if (!result.ok) {
    check(
      (result.status === undefined) === (result.partial === undefined),
      'a status comes with the headers to answer it',
    )
    if (result.partial !== undefined)
      serialize({
        kind: 'response',
        status: 400,
        reason: 'x',
        headers: result.partial.headers,
        body: new Uint8Array(0),
      })
    return
  }
  const written = serialize(result.message)
  if (written.length > longestMessage || result.message.headers.length >= mostHeaders) return
  const again = parseMessage(written)
  check(
    again.ok && Buffer.from(serialize(again.message)).equals(Buffer.from(written)),
    'a message survives being written and read again',
  )
}

function checkStream(bytes: Uint8Array, random: Random): void {
  const framer = new StreamFramer()
  for (let offset = 0; offset < bytes.length; ) {
    const size = 1 + random(bytes.length)
    const framed = framer.push(bytes.subarray(offset, offset + size))
    check(framer.pendingBytes <= longestMessage, 'a framer holds one message at most')
    check(
      framed.messages.every((message) => message.length > 0 && message.length <= longestMessage),
      'a framed message has a message’s size',
    )
    if (framed.error !== undefined) return
    offset += size
  }
}

function checkValues(text: string, verifier: DigestVerifier): void {
  const uri = parseUri(text)
  if (uri !== undefined) {
    decodedUser(uri)
    const again = parseUri(formatUri(uri))
    check(
      again !== undefined && uriEquals(uri, again) && formatUri(again) === formatUri(uri),
      'a URI equals what is written of it',
    )
  }
  const address = parseNameAddr(text)
  if (address !== undefined)
    check(parseNameAddr(formatNameAddr(address))?.uri === address.uri, 'an address survives being written')
  const via = parseVia(text)
  if (via !== undefined) check(parseVia(formatVia(via))?.branch === via.branch, 'a Via survives being written')
  parseCSeq(text)
  parseChallenge(text)
  parseCredentials(text)
  answerChallenge({
    challenges: [{ name: 'WWW-Authenticate', value: text }],
    method: 'INVITE',
    uri: 'sip:a@b',
    username: 'u',
    password: 'p',
    cnonce: 'c',
    nc: 1,
  })
  const verdict = verifier.verify({
    authorization: text,
    realm: 'r',
    method: 'INVITE',
    uri: 'sip:a@b',
    account: { username: 'bob', password: 'secret' },
    now: 0,
  })
  check(!verdict.ok, 'nobody guesses a password')
}

/** Whether the text could be answered. */
function checkDescription(text: string, refused: (reason: string) => void): boolean {
  const parsed = parseDescription(text)
  if (parsed.ok) {
    const written = formatDescription(parsed.description)
    const again = parseDescription(written)
    check(again.ok && formatDescription(again.description) === written, 'a description survives being written')
  }
  readAnswer({ offer: ownOffer, answer: text })
  const result = answerOffer({
    offer: text,
    local: { address: '192.0.2.9', rtpPort: 30_000 },
    sessionId: '1',
    sessionVersion: 1,
  })
  if (!result.ok) {
    refused(result.reason)
    return false
  }
  const answer = parseDescription(result.answer)
  check(
    parsed.ok && answer.ok && answer.description.media.length === parsed.description.media.length,
    'an answer has the offer’s streams',
  )
  check(result.plan.ptimeMs >= 10 && result.plan.ptimeMs <= 60, 'a packet is 10 to 60 ms')
  return true
}

/** Runs `count` mutated inputs through every text parser; throws an Error that names seed and input when something does not hold. */
export function fuzzText(seed: number, count: number): FuzzReport {
  const random = randomFrom(seed)
  const seeds = corpus()
  const verifier = new DigestVerifier({ key: Buffer.alloc(16, 1) })
  const refusals = new Map<string, number>()
  const refused = (reason: string) => refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
  let messagesAccepted = 0
  let answersMade = 0
  for (let index = 0; index < count; index += 1) {
    let bytes: Uint8Array = seeds[random(seeds.length)] ?? new Uint8Array(0)
    for (let rounds = 1 + random(3); rounds > 0 && bytes.length > 0; rounds -= 1) {
      bytes = mutations[random(mutations.length)]?.(bytes, random, seeds) ?? bytes
    }
    try {
      const result = parseMessage(bytes)
      checkMessage(result)
      if (result.ok) messagesAccepted += 1
      else refused(result.reason)
      checkStream(bytes, random)
      const text = Buffer.from(bytes).toString(random(2) === 0 ? 'utf8' : 'latin1')
      const lines = text.split('\r\n')
      const line = lines[random(lines.length)] ?? ''
      checkValues(line.slice(line.indexOf(':') + 1), verifier)
      checkValues(text, verifier)
      if (checkDescription(text.slice(Math.max(0, text.indexOf('v=0'))), refused)) answersMade += 1
    } catch (error) {
      throw new Error(`seed ${seed}, input ${index}: ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`, {
        cause: error,
      })
    }
  }
  return { inputs: count, messagesAccepted, answersMade, refusals }
}
