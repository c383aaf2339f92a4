// What becomes of each message of RFC 4475 and RFC 5118: the one table. `archived` judges the bytes of the RFC's archive as they are;
// `sent` judges them as they would travel where the archive misses that (see README.md).

export interface Valid {
  readonly kind: 'valid'
  /** Method and Request-URI, or status and reason phrase. */
  readonly start: string
  readonly bodyBytes: number
  /** All values of the named headers, in order. */
  readonly headers: Readonly<Record<string, readonly string[]>>
}

export interface Refused {
  readonly kind: 'refused'
  readonly reason: string
  /** Absent when nothing is answered. */
  readonly status?: number
}

export interface Verdict {
  readonly rfc: 4475 | 5118
  readonly section: string
  /** Name of the file without `.dat`, as the RFC names the message. */
  readonly name: string
  readonly why: string
  readonly archived: Valid | Refused
  readonly sent?: Valid | Refused
}

type Row = readonly [section: string, name: string, why: string, archived: Valid | Refused, sent?: Valid | Refused]

const valid = (start: string, bodyBytes: number, headers: Valid['headers']): Valid => ({
  kind: 'valid',
  start,
  bodyBytes,
  headers,
})
const refused = (reason: string, status?: number): Refused => ({
  kind: 'refused',
  reason,
  ...(status !== undefined && { status }),
})

const verdict = (rfc: Verdict['rfc'], [section, name, why, archived, sent]: Row): Verdict => ({
  rfc,
  section,
  name,
  why,
  archived,
  ...(sent !== undefined && { sent }),
})

const rfc4475: readonly Row[] = [
  [
    '3.1.1.1',
    'wsinv',
    'folding, white space and compact forms everywhere',
    valid('INVITE sip:vivekg@chair-dnrc.example.com;unknownparam', 150, {
      To: ['sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n'],
      From: ['"J Rosenberg \\\\\\""       <sip:jdrosen@example.com> ; tag = 98asjd8'],
      'Max-Forwards': ['0068'],
      CSeq: ['0009 INVITE'],
      Via: [
        'SIP  /   2.0 /UDP 192.0.2.2;branch=390skdjuw',
        'SIP  / 2.0  / TCP     spindle.example.com   ; branch  =   z9hG4bK9ikj8',
        'SIP  /    2.0   / UDP  192.168.255.111   ; branch= z9hG4bK30239',
      ],
      Subject: [''],
      NewFangledHeader: ['newfangled value continued newfangled value'],
      UnknownHeaderWithUnusualValue: [';;,,;;,;'],
      Route: ['<sip:services.example.com;lr;unknownwith=value;unknown-no-value>'],
      Contact: ['"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam = newvalue ; secondparam ; q = 0.33'],
    }),
  ],
  [
    '3.1.1.2',
    'intmeth',
    'every character that the grammar allows',
    valid(
      "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
      0,
      {
        To: [
          '"BEL:\\\u0007 NUL:\\\u0000 DEL:\\\u007f" <sip:1_unusual.URI~(to-be!sure)&isn\'t+it$/crazy?,/;;*@example.com>',
        ],
        CSeq: ["139122385 !interesting-Method0123456789_*+`.%indeed'~"],
        'Call-ID': ['intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{'],
      },
    ),
  ],
  [
    '3.1.1.3',
    'esc01',
    'escapes stay as written',
    valid('INVITE sip:sips%3Auser%40example.com@example.net', 150, {
      Contact: ['<sip:cal%6Cer@host5.example.net;%6C%72;n%61me=v%61lue%25%34%31>'],
      'Call-ID': ['esc01.239409asdfakjkn23onasd0-3234'],
      'Content-Type': ['application/sdp'],
    }),
  ],
  [
    '3.1.1.4',
    'escnull',
    'escaped NUL in user parts',
    valid('REGISTER sip:example.com', 0, {
      To: ['sip:null-%00-null@example.com'],
      Contact: ['<sip:%00@host5.example.com>', '<sip:%00%00@host5.example.com>'],
    }),
  ],
  [
    '3.1.1.5',
    'esc02',
    '% in a method and in a header name is no escape',
    valid('RE%47IST%45R sip:registrar.example.com', 0, {
      Contact: ['<sip:alias1@host1.example.com>', '<sip:alias3@host3.example.com>'],
      'C%6Fntact': ['<sip:alias2@host2.example.com>'],
    }),
  ],
  [
    '3.1.1.6',
    'lwsdisp',
    'no space between display name and <',
    valid('OPTIONS sip:user@example.com', 0, { From: ['caller<sip:caller@example.com>;tag=323'] }),
  ],
  [
    '3.1.1.7',
    'longreq',
    'long values, 34 Via fields',
    valid('INVITE sip:user@example.com', 150, {
      'Content-Length': ['150'],
      'Call-ID': [
        'longreq.onereallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallyreallylongcallid',
      ],
    }),
  ],
  [
    '3.1.1.8',
    'dblreq',
    'octets behind Content-Length are ignored in a datagram',
    valid('REGISTER sip:example.com', 0, { 'Call-ID': ['dblreq.0ha0isndaksdj99sdfafnl3lk233412'] }),
  ],
  [
    '3.1.1.9',
    'semiuri',
    'semicolons in a user part',
    valid('OPTIONS sip:user;par=u%40example.net@example.com', 0, {
      Accept: [
        'application/sdp',
        'application/pkcs7-mime',
        'multipart/mixed',
        'multipart/signed',
        'message/sip',
        'message/sipfrag',
      ],
    }),
  ],
  [
    '3.1.1.10',
    'transports',
    'unknown transports in Via',
    valid('OPTIONS sip:user@example.com', 0, {
      Via: [
        'SIP/2.0/UDP t1.example.com;branch=z9hG4bKkdjuw',
        'SIP/2.0/SCTP t2.example.com;branch=z9hG4bKklasjdhf',
        'SIP/2.0/TLS t3.example.com;branch=z9hG4bK2980unddj',
        'SIP/2.0/UNKNOWN t4.example.com;branch=z9hG4bKasd0f3en',
        'SIP/2.0/TCP t5.example.com;branch=z9hG4bK0a9idfnee',
      ],
    }),
  ],
  [
    '3.1.1.11',
    'mpart01',
    'a body with arbitrary octets',
    valid('MESSAGE sip:kumiko@example.org', 553, { 'Content-Type': ['multipart/mixed;boundary=7a9cbec02ceef655'] }),
  ],
  [
    '3.1.1.12',
    'unreason',
    'a reason phrase in Russian',
    valid('200 = 2**3 * 5**2 но сто девяносто девять - простое', 154, { CSeq: ['35 INVITE'] }),
  ],
  ['3.1.1.13', 'noreason', 'an empty reason phrase', valid('100 ', 0, { CSeq: ['35 INVITE'] })],
  ['3.1.2.1', 'badinv01', 'empty list elements; its Via leads nowhere, so nothing is answered', refused('bad-via')],
  ['3.1.2.2', 'clerr', 'Content-Length beyond the datagram', refused('short-body', 400)],
  ['3.1.2.3', 'ncl', 'negative Content-Length', refused('bad-content-length', 400)],
  ['3.1.2.4', 'scalar02', 'overlarge numbers in a request', refused('bad-cseq', 400)],
  ['3.1.2.5', 'scalarlg', 'overlarge numbers in a response: discarded', refused('bad-cseq')],
  ['3.1.2.6', 'quotbal', 'unterminated quoted string', refused('bad-to', 400)],
  ['3.1.2.7', 'ltgtruri', '<> around the Request-URI', refused('bad-request-line', 400)],
  ['3.1.2.8', 'lwsruri', 'space within the Request-URI', refused('bad-request-line', 400)],
  ['3.1.2.9', 'lwsstart', 'two spaces between start line elements', refused('bad-request-line', 400)],
  ['3.1.2.10', 'trws', 'spaces at the end of the request line', refused('bad-request-line', 400)],
  ['3.1.2.11', 'escruri', 'headers in the Request-URI', refused('bad-request-uri', 400)],
  [
    '3.1.2.12',
    'baddate',
    'a Date with a zone other than GMT: nothing of ours reads Date, so it is let through',
    valid('INVITE sip:user@example.com', 150, { Date: ['Fri, 01 Jan 2010 16:00:00 EST'] }),
  ],
  ['3.1.2.13', 'regbadct', 'a Contact URI with headers but without <>', refused('bad-contact', 400)],
  [
    '3.1.2.14',
    'badaspec',
    'spaces within <>: let through, as the section allows',
    valid('OPTIONS sip:user@example.org', 0, { To: ['"Watson, Thomas" < sip:t.watson@example.org >'] }),
  ],
  [
    '3.1.2.15',
    'baddn',
    'the archive lacks the empty line; sent with it, the unquoted names are let through, as the section allows',
    refused('no-end-of-headers', 400),
    valid('OPTIONS sip:t.watson@example.org', 0, {
      From: ['Bell, Alexander <sip:a.g.bell@example.com>;tag=43'],
      To: ['Watson, Thomas <sip:t.watson@example.org>'],
    }),
  ],
  ['3.1.2.16', 'badvers', 'an unknown protocol version', refused('version', 505)],
  ['3.1.2.17', 'mismatch01', 'CSeq names another method', refused('cseq-method', 400)],
  ['3.1.2.18', 'mismatch02', 'CSeq names another method than an unknown one', refused('cseq-method', 400)],
  ['3.1.2.19', 'bigcode', 'an overlarge response code: discarded', refused('bad-status-line')],
  [
    '3.2.1',
    'badbranch',
    'a branch of the magic cookie only: well formed, matched as RFC 2543 would',
    valid('OPTIONS sip:user@example.com', 0, { Via: ['SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK'] }),
  ],
  ['3.3.1', 'insuf', 'mandatory headers missing', refused('missing-from', 400)],
  ['3.3.2', 'unkscm', 'an unknown Request-URI scheme', refused('uri-scheme', 416)],
  ['3.3.3', 'novelsc', 'a known scheme that is not for SIP', refused('uri-scheme', 416)],
  [
    '3.3.4',
    'unksm2',
    'unknown schemes in From, To and Contact are well formed',
    valid('REGISTER sip:example.com', 0, {
      To: ['isbn:2983792873'],
      From: ['<http://www.example.com>;tag=3234233'],
      Contact: ['<name:John_Smith>'],
    }),
  ],
  [
    '3.3.5',
    'bext01',
    'unknown Require: well formed, 420 is the user agent’s',
    valid('OPTIONS sip:user@example.com', 0, {
      Require: ['nothingSupportsThis', 'nothingSupportsThisEither'],
      'Proxy-Require': ['noProxiesSupportThis', 'norDoAnyProxiesSupportThis'],
    }),
  ],
  [
    '3.3.6',
    'invut',
    'unknown Content-Type: well formed, 415 is the user agent’s',
    valid('INVITE sip:user@example.com', 40, { 'Content-Type': ['application/unknownformat'] }),
  ],
  [
    '3.3.7',
    'regaut01',
    'unknown Authorization scheme: well formed',
    valid('REGISTER sip:example.com', 0, { Authorization: ['NoOneKnowsThisScheme opaque-data=here'] }),
  ],
  ['3.3.8', 'multi01', 'repeated single-value headers', refused('repeated-from', 400)],
  ['3.3.9', 'mcl01', 'repeated Content-Length', refused('repeated-content-length', 400)],
  [
    '3.3.10',
    'bcast',
    'a response with a second, broadcast Via: well formed, matches no transaction',
    valid('200 OK', 154, {
      Via: ['SIP/2.0/UDP 192.0.2.198;branch=z9hG4bK1324923', 'SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1saber23'],
    }),
  ],
  [
    '3.3.11',
    'zeromf',
    'Max-Forwards of zero is for us to answer',
    valid('OPTIONS sip:user@example.com', 0, { 'Max-Forwards': ['0'] }),
  ],
  [
    '3.3.12',
    'cparam01',
    'the parameter belongs to the Contact header',
    valid('REGISTER sip:example.com', 0, { Contact: ['sip:+19725552222@gw1.example.net;unknownparam'] }),
  ],
  [
    '3.3.13',
    'cparam02',
    'the parameter belongs to the Contact URI',
    valid('REGISTER sip:example.com', 0, { Contact: ['<sip:+19725552222@gw1.example.net;unknownparam>'] }),
  ],
  [
    '3.3.14',
    'regescrt',
    'a header within the Contact URI',
    valid('REGISTER sip:example.com', 0, { Contact: ['<sip:user@example.com?Route=%3Csip:sip.example.com%3E>'] }),
  ],
  [
    '3.3.15',
    'sdp01',
    'an Accept that we cannot serve: well formed, 406 is the user agent’s',
    valid('INVITE sip:user@example.com', 150, { Accept: ['text/nobodyKnowsThis'] }),
  ],
  [
    '3.4.1',
    'inv2543',
    'no branch, no tag, no Max-Forwards, no Content-Length',
    valid('INVITE sip:UserB@example.com', 105, {
      Via: ['SIP/2.0/UDP iftgw.example.com'],
      'Record-Route': ['<sip:UserB@example.com;maddr=ss1.example.com>'],
    }),
  ],
]

const rfc5118: readonly Row[] = [
  [
    '4.1',
    'ipv6-good',
    'IPv6 references',
    valid('REGISTER sip:[2001:db8::10]', 0, { Via: ['SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111'] }),
  ],
  ['4.2', 'ipv6-bad', 'an IPv6 address without brackets', refused('bad-request-uri', 400)],
  [
    '4.3',
    'port-ambiguous',
    'within the brackets, what looks like a port is address',
    valid('REGISTER sip:[2001:db8::10:5070]', 0, { Via: ['SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111'] }),
  ],
  [
    '4.4',
    'port-unambiguous',
    'a port behind the brackets',
    valid('REGISTER sip:[2001:db8::10]:5070', 0, { Via: ['SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111'] }),
  ],
  [
    '4.5',
    'via-received-param-with-delim',
    'received with brackets',
    valid('BYE sip:[2001:db8::10]', 0, {
      Via: ['SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3-111'],
    }),
  ],
  [
    '4.5',
    'via-received-param-no-delim',
    'received without brackets',
    valid('OPTIONS sip:[2001:db8::10]', 0, {
      Via: ['SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3'],
    }),
  ],
  [
    '4.6',
    'ipv6-in-sdp',
    'IPv6 in SDP; the archived Content-Length is too large',
    refused('short-body', 400),
    valid('INVITE sip:user@[2001:db8::10]', 251, { Contact: ['"Caller" <sip:caller@[2001:db8::20]>'] }),
  ],
  [
    '4.7',
    'mult-ip-in-header',
    'both address families in one Via list',
    valid('BYE sip:user@host.example.net', 0, {
      Via: [
        'SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKas3-111',
        'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKjhja8781hjuaij65144',
        'SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK451jj;received=192.0.2.200',
      ],
    }),
  ],
  [
    '4.8',
    'mult-ip-in-sdp',
    'both address families in SDP; the archived Content-Length is too large',
    refused('short-body', 400),
    valid('INVITE sip:user@[2001:db8::10]', 189, { Contact: ['"Caller" <sip:caller@[2001:db8::9:1]>'] }),
  ],
  [
    '4.9',
    'ipv4-mapped-ipv6',
    'IPv4-mapped addresses',
    valid('INVITE sip:user@example.com', 236, {
      Via: [
        'SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKbh19',
        'SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3-111',
      ],
      Contact: ['"T. desk phone" <sip:ted@[::ffff:192.0.2.2]>'],
    }),
  ],
  [
    '4.10',
    'ipv6-bug-abnf-3-colons',
    'the archive lacks the empty line; three colons must be tolerated',
    refused('no-end-of-headers', 400),
    valid('OPTIONS sip:user@[2001:db8:::192.0.2.1]', 0, { To: ['sip:user@[2001:db8:::192.0.2.1]'] }),
  ],
  [
    '4.10',
    'ipv6-correct-abnf-2-colons',
    'the archive lacks the empty line',
    refused('no-end-of-headers', 400),
    valid('OPTIONS sip:user@[2001:db8::192.0.2.1]', 0, { To: ['sip:user@[2001:db8::192.0.2.1]'] }),
  ],
]

export const verdicts: readonly Verdict[] = [
  ...rfc4475.map((row) => verdict(4475, row)),
  ...rfc5118.map((row) => verdict(5118, row)),
]
