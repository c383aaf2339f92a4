import { describe, expect, it } from 'vitest'
import { answerChallenge, digestResponse, parseAlgorithm, parseChallenge, parseCredentials } from './digest.ts'
import { DigestVerifier, type VerifyInput } from './digest-verifier.ts'

const algorithm = (name: string) => parseAlgorithm(name) ?? { hash: 'MD5' as const, session: false }

// RFC 7616 §3.9.1.
const example = {
  username: 'Mufasa',
  realm: 'http-auth@example.org',
  password: 'Circle of Life',
  nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
  method: 'GET',
  uri: '/dir/index.html',
  qop: 'auth' as const,
  cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
  nc: '00000001',
}

describe('the response', () => {
  it('is RFC 7616’s for MD5 and SHA-256', () => {
    expect(digestResponse({ ...example, algorithm: algorithm('MD5') })).toBe('8ca523f5e9506fed4657c9700eebdbec')
    expect(digestResponse({ ...example, algorithm: algorithm('SHA-256') })).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    )
  })

  it('is RFC 2617’s without and with qop', () => {
    const old = {
      username: 'Mufasa',
      realm: 'testrealm@host.com',
      password: 'Circle Of Life',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      method: 'GET',
      uri: '/dir/index.html',
      algorithm: algorithm('MD5'),
    }
    expect(digestResponse(old)).toBe('670fd8c2df070c60b045671b8b24ff02')
    expect(digestResponse({ ...old, qop: 'auth', nc: '00000001', cnonce: '0a4f113b' })).toBe(
      '6629fae49393a05397450978507c4ef1',
    )
  })
})

const challengeHeader = (value: string, name = 'WWW-Authenticate') => ({ name, value })
const answerTo = (...challenges: { name: string; value: string }[]) =>
  answerChallenge({
    challenges,
    method: 'INVITE',
    uri: 'sip:b@h',
    username: 'bob',
    password: 'secret',
    cnonce: 'c0',
    nc: 1,
    body: Buffer.from('v=0'),
  })

describe('the client', () => {
  it('answers the strongest challenge that it knows', () => {
    const answer = answerTo(
      challengeHeader('Digest realm="r", nonce="n1", algorithm=MD5, qop="auth"'),
      challengeHeader('Digest realm="r", nonce="n2", algorithm=SHA-256, qop="auth"'),
      challengeHeader('Digest realm="r", nonce="n3", algorithm=SHA3-999, qop="auth"'),
      challengeHeader('Basic realm="r"'),
    )
    expect(answer?.name).toBe('Authorization')
    expect(parseCredentials(answer?.value ?? '')).toMatchObject({
      nonce: 'n2',
      algorithm: { hash: 'SHA-256', session: false },
      qop: 'auth',
      nc: '00000001',
    })
  })

  it('answers a proxy in its own header, without qop as RFC 2069 did', () => {
    const answer = answerTo(challengeHeader('Digest realm="r", nonce="n", opaque="o"', 'proxy-authenticate'))
    expect(answer?.name).toBe('Proxy-Authorization')
    expect(answer?.value).toContain('opaque="o"')
    expect(answer?.value).not.toMatch(/qop|cnonce|nc=|algorithm/)
  })

  it('protects the body only when nothing less is offered', () => {
    expect(answerTo(challengeHeader('Digest realm="r", nonce="n", qop="auth-int,auth"'))?.value).toContain('qop=auth,')
    expect(answerTo(challengeHeader('Digest realm="r", nonce="n", qop="auth-int"'))?.value).toContain('qop=auth-int')
  })

  it('hides the user name when asked to, and escapes what needs it', () => {
    expect(answerTo(challengeHeader('Digest realm="r", nonce="n", userhash=true'))?.value).not.toContain('bob')
    const quoted = answerTo(challengeHeader('Digest realm="a\\"b", nonce="n"'))?.value ?? ''
    expect(quoted).toContain('realm="a\\"b"')
    expect(parseCredentials(quoted)?.realm).toBe('a"b')
  })

  it.each([
    'Digest realm="r"',
    'Digest nonce="n"',
    'Digest realm="r", nonce="n", qop="other"',
    'Digest realm="r", realm="s", nonce="n"',
    'Digest realm="r, nonce="n"',
    'Digest',
    '',
  ])('has no answer to %s', (value) => {
    expect(parseChallenge(value)).toBeUndefined()
    expect(answerTo(challengeHeader(value))).toBeUndefined()
  })
})

describe('the server', () => {
  const key = Buffer.alloc(32, 7)
  const account = { username: 'bob', password: 'secret' }
  const base = { realm: 'r', method: 'INVITE', uri: 'sip:b@h', account }

  function setUp(options: { lifetimeMs?: number; mostNonces?: number } = {}) {
    const verifier = new DigestVerifier({ key, ...options })
    const answerAt = (now: number, nc = 1, at = 0) => answerTo3(verifier.challenge('r', now)[at] ?? '', nc)
    const verify = (authorization: string, more: Partial<VerifyInput> = {}) =>
      verifier.verify({ ...base, authorization, now: 1000, ...more })
    return { verifier, answerAt, verify }
  }

  const answerTo3 = (challenge: string, nc: number, password = 'secret', username = 'bob') =>
    answerChallenge({
      challenges: [challengeHeader(challenge)],
      method: 'INVITE',
      uri: 'sip:b@h',
      username,
      password,
      cnonce: 'c',
      nc,
    })?.value ?? ''

  it('challenges with SHA-256 first and MD5 second, and takes either', () => {
    const { verifier, verify, answerAt } = setUp()
    expect(verifier.challenge('r', 0).map((value) => parseChallenge(value)?.algorithm.hash)).toEqual(['SHA-256', 'MD5'])
    expect(parseChallenge(verifier.challenge('r', 0, { stale: true })[0] ?? '')?.stale).toBe(true)
    for (const at of [0, 1]) expect(verify(answerAt(1000, 1, at))).toEqual({ ok: true, username: 'bob' })
  })

  it('takes auth-int with the right body only', () => {
    const { verifier, verify } = setUp()
    const challenge = (verifier.challenge('r', 1000)[0] ?? '').replace('auth,auth-int', 'auth-int')
    const answer =
      answerChallenge({
        challenges: [challengeHeader(challenge)],
        ...base,
        ...account,
        cnonce: 'c',
        nc: 1,
        body: Buffer.from('v=0'),
      })?.value ?? ''
    expect(verify(answer, { body: Buffer.from('v=1') })).toMatchObject({ ok: false, reason: 'password' })
    expect(verify(answer, { body: Buffer.from('v=0') })).toMatchObject({ ok: true })
  })

  it('refuses a wrong password, user, realm, method or URI without calling the nonce stale', () => {
    const { verifier, verify, answerAt } = setUp()
    const challenge = verifier.challenge('r', 1000)[0] ?? ''
    expect(verify(answerTo3(challenge, 1, 'wrong'))).toEqual({ ok: false, stale: false, reason: 'password' })
    expect(verify(answerTo3(challenge, 1, 'secret', 'eve'))).toEqual({ ok: false, stale: false, reason: 'password' })
    expect(verify(answerAt(1000), { account: undefined })).toEqual({ ok: false, stale: false, reason: 'password' })
    expect(verify(answerAt(1000), { method: 'BYE' })).toEqual({ ok: false, stale: false, reason: 'password' })
    expect(verify(answerAt(1000), { realm: 's' })).toEqual({ ok: false, stale: false, reason: 'realm' })
    expect(verify(answerAt(1000), { uri: 'sip:c@h' })).toEqual({ ok: false, stale: false, reason: 'uri' })
    expect(verify('Digest nonsense')).toEqual({ ok: false, stale: false, reason: 'malformed' })
  })

  it('calls an expired, forged or foreign nonce stale', () => {
    const { verify, answerAt } = setUp({ lifetimeMs: 500 })
    expect(verify(answerAt(499))).toEqual({ ok: false, stale: true, reason: 'nonce' })
    expect(verify(answerAt(500))).toMatchObject({ ok: true })
    expect(verify(answerAt(1001))).toMatchObject({ stale: true, reason: 'nonce' })
    expect(verify(answerTo3('Digest realm="r", nonce="AAAA", qop="auth"', 1))).toMatchObject({
      stale: true,
      reason: 'nonce',
    })
    const foreign = new DigestVerifier({ key: Buffer.alloc(32, 8) }).challenge('r', 1000)[0] ?? ''
    expect(verify(answerTo3(foreign, 1))).toMatchObject({ stale: true, reason: 'nonce' })
  })

  it('takes a nonce from the address that it was given to and from no other', () => {
    const { verifier, verify } = setUp()
    const given = verifier.challenge('r', 1000, { source: '192.0.2.7' })[0] ?? ''
    const stale = { ok: false, stale: true, reason: 'nonce' }
    expect(verify(answerTo3(given, 1), { source: '192.0.2.8' })).toEqual(stale)
    expect(verify(answerTo3(given, 1))).toEqual(stale)
    expect(verify(answerTo3(given, 1), { source: '192.0.2.7' })).toMatchObject({ ok: true })
  })

  it('takes each nonce count once, growing', () => {
    const { verifier, verify } = setUp()
    const challenge = verifier.challenge('r', 1000)[0] ?? ''
    const used = [1, 2, 2, 5, 4, 6].map((nc) => verify(answerTo3(challenge, nc)).ok)
    expect(used).toEqual([true, true, false, true, false, true])
    expect(verify(answerTo3(challenge, 6))).toEqual({ ok: false, stale: true, reason: 'replay' })
  })

  it('remembers a bounded number of nonces and lets none be replayed that it forgot', () => {
    const { verifier, verify } = setUp({ mostNonces: 3 })
    const answers = Array.from({ length: 10 }, (_, index) => answerTo3(verifier.challenge('r', index)[0] ?? '', 1))
    expect(answers.map((answer) => verify(answer).ok)).toEqual(answers.map(() => true))
    expect(verifier.rememberedNonces).toBe(3)
    expect(answers.map((answer) => verify(answer))).toEqual(
      answers.map(() => ({ ok: false, stale: true, reason: 'replay' })),
    )
  })

  it('never gives the same nonce twice', () => {
    const { verifier } = setUp()
    const nonces = Array.from({ length: 50 }, () => parseChallenge(verifier.challenge('r', 5)[0] ?? '')?.nonce)
    expect(new Set(nonces).size).toBe(50)
  })
})
