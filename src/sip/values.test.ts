// The grammars of single header values.
import { describe, expect, it } from 'vitest'
import { highestCSeq, parseCSeq } from './cseq.ts'
import { parseHostPort, sameHost } from './host.ts'
import { formatNameAddr, parseNameAddr } from './name-addr.ts'
import { decodedUser, escapeUser, formatUri, parseUri, type SipUri, uriEquals } from './uri.ts'
import { formatVia, parseVia, withResponseAddress } from './via.ts'

function uri(text: string): SipUri {
  const parsed = parseUri(text)
  if (!parsed) throw new Error(`no URI: ${text}`)
  return parsed
}

describe('URI', () => {
  it.each([
    'sip:alice@example.com',
    'sips:alice:secret@[2001:db8::1]:5061;transport=tcp;lr?Subject=x&Priority=urgent',
    'sip:direct.0123456789ab@192.0.2.1:5070',
    'sip:example.com',
    'tel:+1-201-555-0123;phone-context=example.com',
    'urn:service:sos',
  ])('is written as it was read: %s', (text) => {
    expect(formatUri(uri(text))).toBe(text)
  })

  it('is taken apart', () => {
    expect(uri('SIP:a;b=%40c:pw@Example.com:5070;Transport=TCP;lr?X=1')).toMatchObject({
      scheme: 'sip',
      user: 'a;b=%40c',
      password: 'pw',
      host: 'Example.com',
      port: 5070,
    })
    expect([...uri('sip:h;Transport=TCP;lr').params]).toEqual([
      ['transport', 'TCP'],
      ['lr', ''],
    ])
    expect(uri('sip:[2001:db8::1]')).toMatchObject({ host: '2001:db8::1' })
  })

  it.each([
    '',
    'sip:',
    'sip:@h',
    'sip:a@',
    'sip:a b@h',
    'sip:a@h:99999',
    'sip:a@h:',
    'sip:a@[::1',
    'sip:a@[1.2.3.4]',
    'sip:a@2001:db8::1',
    'sip:a%4@h',
    'sip:a@h;',
    'sip:a@h;=x',
    'sip:a@h?x',
    '<sip:a@h>',
    'sip:a@h\r\n',
    'sip:a@h..x',
    'noscheme',
    'tel:hello',
    `sip:${'a'.repeat(9000)}@h`,
  ])('is refused: %s', (text) => {
    expect(parseUri(text)).toBeUndefined()
  })

  it('has a user to look up', () => {
    expect(decodedUser(uri('sip:%64irect.ab@h'))).toBe('direct.ab')
    expect(decodedUser(uri('sip:a%ffb@h'))).toBe('a%ffb')
    expect(decodedUser(uri('sip:h'))).toBeUndefined()
    expect(decodedUser(uri(`sip:${escapeUser('Jürgen @ home')}@h`))).toBe('Jürgen @ home')
  })

  // RFC 3261 §19.1.4's own examples.
  it.each([
    ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtLanTa.CoM;Transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
    [
      'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
      'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
    ],
    [
      'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
      'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
    ],
    ['sip:a@[2001:db8::1]', 'sip:a@[2001:DB8:0:0:0:0:0:1]'],
  ])('%s equals %s', (left, right) => {
    expect(uriEquals(uri(left), uri(right))).toBe(true)
    expect(uriEquals(uri(right), uri(left))).toBe(true)
  })

  it.each([
    ['SIP:ALICE@AtLanTa.CoM;Transport=udp', 'sip:alice@AtLanTa.CoM;Transport=UDP'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
    ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
    ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
    ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
    ['sip:a%3Bb@h', 'sip:a;b@h'],
    ['sip:a@h', 'sips:a@h'],
  ])('%s does not equal %s', (left, right) => {
    expect(uriEquals(uri(left), uri(right))).toBe(false)
    expect(uriEquals(uri(right), uri(left))).toBe(false)
  })
})

describe('host', () => {
  it('knows names, addresses and ports, and space around the colon', () => {
    expect(parseHostPort(' h_1.example.com : 5060 ')).toEqual({ host: 'h_1.example.com', port: 5060 })
    expect(parseHostPort('[::ffff:192.0.2.1]:1')).toEqual({ host: '::ffff:192.0.2.1', port: 1 })
    expect(parseHostPort('[fe80::1%eth0]')).toBeUndefined()
    expect(parseHostPort('a b')).toBeUndefined()
    expect(sameHost('::1', '0:0:0:0:0:0:0:1')).toBe(true)
    expect(sameHost('A.example', 'a.EXAMPLE')).toBe(true)
    expect(sameHost('::1', '::2')).toBe(false)
  })
})

describe('name-addr', () => {
  it.each([
    ['<sip:a@h>', '', 'sip:a@h'],
    ['"A \\"B\\", C" <sip:a@h;x=1>;tag=t', 'A "B", C', 'sip:a@h;x=1'],
    ['Two  Words <sip:a@h>', 'Two Words', 'sip:a@h'],
    ['Jürgen <sip:a@h>', 'Jürgen', 'sip:a@h'],
    ['sip:a@h;tag=t', '', 'sip:a@h'],
    ['"x"<sip:a@h>', 'x', 'sip:a@h'],
  ])('reads %s', (text, displayName, address) => {
    expect(parseNameAddr(text)).toMatchObject({ displayName, uri: address })
  })

  it.each([
    '',
    '<>',
    '<sip:a@h',
    'x',
    '"x sip:a@h',
    '"x" sip:a@h',
    'a"b" <sip:a@h>',
    '<sip:a@h>;;',
    '<sip:a@h>;=1',
    '<sip:a@h> x',
    'sip:a@h?x=1',
    '<sip:a b@h>',
  ])('refuses %s', (text) => {
    expect(parseNameAddr(text)).toBeUndefined()
  })

  it('writes names so that they read back', () => {
    for (const displayName of ['', 'Alice', 'A "quoted" \\ name', 'a, b', 'line\r\nend']) {
      const text = formatNameAddr({
        displayName,
        uri: 'sip:a@h',
        params: new Map([
          ['tag', 't'],
          ['flag', ''],
        ]),
      })
      expect(text).not.toMatch(/[\r\n]/)
      const again = parseNameAddr(text)
      expect(again?.displayName).toBe(displayName.replace(/[\r\n]/g, ' '))
      expect([...(again?.params ?? [])]).toEqual([
        ['tag', 't'],
        ['flag', ''],
      ])
    }
  })
})

describe('Via', () => {
  it('is taken apart and written back', () => {
    const via = parseVia('SIP/2.0/udp [2001:db8::1]:5061;branch=z9hG4bKx;rport;received=192.0.2.1;own="a;b"')
    expect(via).toMatchObject({
      transport: 'UDP',
      host: '2001:db8::1',
      port: 5061,
      branch: 'z9hG4bKx',
      rport: 'requested',
      received: '192.0.2.1',
    })
    expect(via && formatVia(via)).toBe(
      'SIP/2.0/UDP [2001:db8::1]:5061;branch=z9hG4bKx;rport;received=192.0.2.1;own="a;b"',
    )
  })

  it('gets the source address when it asks for it or when the host differs', () => {
    const stamped = (text: string) => {
      const via = parseVia(text)
      return via && formatVia(withResponseAddress(via, { address: '192.0.2.9', port: 4321 }))
    }
    expect(stamped('SIP/2.0/UDP 192.0.2.9;branch=z')).toBe('SIP/2.0/UDP 192.0.2.9;branch=z')
    expect(stamped('SIP/2.0/UDP h.example.com;branch=z')).toBe('SIP/2.0/UDP h.example.com;branch=z;received=192.0.2.9')
    expect(stamped('SIP/2.0/UDP 192.0.2.9;rport;branch=z')).toBe(
      'SIP/2.0/UDP 192.0.2.9;rport=4321;branch=z;received=192.0.2.9',
    )
  })

  it.each([
    '',
    'SIP/2.0/UDP',
    'SIP/2.0 UDP h',
    'HTTP/2.0/UDP h',
    'SIP/2.0/UDP h;',
    'SIP/2.0/UDP h;rport=x',
    'SIP/2.0/UDP h;rport=70000',
    'SIP/2.0/UDP h h',
  ])('refuses %s', (text) => {
    expect(parseVia(text)).toBeUndefined()
  })
})

describe('CSeq', () => {
  it('is a number below 2^31 and a method', () => {
    expect(parseCSeq('0009 \t INVITE')).toEqual({ number: 9, method: 'INVITE' })
    expect(parseCSeq(`${highestCSeq} ACK`)?.number).toBe(2_147_483_647)
    for (const text of ['2147483648 ACK', '-1 ACK', '1', 'ACK', '1 A CK', '1 A(CK', ''])
      expect(parseCSeq(text)).toBeUndefined()
  })
})
