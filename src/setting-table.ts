// Every setting of the environment: name, default and meaning. The README's table is compared with it by a test.

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

interface Setting {
  readonly name: string
  readonly fallback: string
  readonly meaning: string
}

/** The README's table; a test compares the two. */
export const settingTable: readonly Setting[] = [
  { name: 'PARTYLINE_BIND_IP', fallback: '0.0.0.0', meaning: 'address to listen on' },
  { name: 'PARTYLINE_PUBLIC_IP', fallback: 'found out', meaning: 'address written into SDP, Contact and Via' },
  { name: 'PARTYLINE_HTTP_PORT', fallback: '8080', meaning: 'REST API and its documentation' },
  { name: 'PARTYLINE_SIP_PORT', fallback: '5060', meaning: 'SIP over UDP and TCP' },
  { name: 'PARTYLINE_SIPS_PORT', fallback: '5061', meaning: 'SIP over TLS, when there is a certificate' },
  {
    name: 'PARTYLINE_TLS_CERT',
    fallback: 'none',
    meaning: 'PEM file with the certificate for SIP over TLS and its chain; read again when it changes, and at SIGHUP',
  },
  { name: 'PARTYLINE_TLS_KEY', fallback: 'none', meaning: 'PEM file with its private key, without a passphrase' },
  {
    name: 'PARTYLINE_TLS_CA',
    fallback: 'none',
    meaning: 'PEM file with an authority to trust, besides the public ones, when calling by TLS',
  },
  { name: 'PARTYLINE_RTP_PORTS', fallback: '20000-29999', meaning: 'RTP port range' },
  {
    name: 'PARTYLINE_MEDIA_WORKERS',
    fallback: 'one per core',
    meaning: 'threads that mix; a conference lives on one of them',
  },
  {
    name: 'PARTYLINE_SIP_DOMAIN',
    fallback: 'sip.localhost',
    meaning: 'shown in direct URIs; any host that reaches the server is accepted',
  },
  { name: 'PARTYLINE_DATA_DIR', fallback: './data', meaning: 'database, recordings' },
  {
    name: 'PARTYLINE_ADMIN_PASSWORD',
    fallback: 'generated',
    meaning: 'password of `admin@localhost`, used at first start only',
  },
  {
    name: 'PARTYLINE_ADMIN_ACCESSKEY',
    fallback: 'generated',
    meaning: 'the first access key, `vb_` + 32 letters and digits, used at first start only',
  },
  { name: 'PARTYLINE_PUBLIC_URL', fallback: 'http://localhost:8080', meaning: 'base of addresses handed to others' },
  {
    name: 'PARTYLINE_DIAL_ALLOW',
    fallback: '127.0.0.0/8,::1',
    meaning: 'hosts and networks that outbound calls to `sip:` addresses may reach; anything else is refused',
  },
  {
    name: 'PARTYLINE_LOG_LEVEL',
    fallback: 'info',
    meaning: `one of ${logLevels.join(', ')}; JSON lines on stderr, pretty on a terminal`,
  },
  { name: 'PARTYLINE_MAX_CALL_SECONDS', fallback: '86400', meaning: 'longest life of one call' },
  {
    name: 'PARTYLINE_RATE_LIMITS',
    fallback: 'on',
    meaning: '`off` switches the limits of API requests per address and customer off',
  },
  {
    name: 'PARTYLINE_LINE_API_URL',
    fallback: 'https://api.line.me',
    meaning: 'base address of the LINE Messaging API',
  },
  {
    name: 'PARTYLINE_CODECS',
    fallback: 'opus,G722,PCMU,PCMA',
    meaning: 'codecs that calls may use, the best first; `L16` is for tools on a clean network',
  },
  {
    name: 'PARTYLINE_OPUS_RATE',
    fallback: '16000',
    meaning: 'samples per second of Opus: 8000, 16000 or 48000; what a phone cannot play is not sent to it',
  },
  {
    name: 'PARTYLINE_MAX_CALLS',
    fallback: '1000',
    meaning: 'outgoing calls that one customer may have at once; 0 for no limit',
  },
  {
    name: 'PARTYLINE_CALLS_PER_SECOND',
    fallback: '50',
    meaning: 'new outgoing calls of one customer a second; 0 for no limit',
  },
  {
    name: 'PARTYLINE_TTS',
    fallback: 'auto',
    meaning:
      'who says texts: `flite` (bundled, English), `espeak-ng` (where installed), `auto` for whichever speaks the language, or the address of an endpoint',
  },
  {
    name: 'PARTYLINE_WEB_ALLOW',
    fallback: 'none',
    meaning: 'hosts and networks that flows may reach by HTTP although their addresses are private or local',
  },
  {
    name: 'PARTYLINE_ADAPTERS',
    fallback: 'none',
    meaning:
      'endpoints of your own for what this server does not do itself, `kind=url` with commas between (docs/adapters.md)',
  },
  { name: 'PARTYLINE_ADAPTERS_SECRET', fallback: 'none', meaning: 'signs the requests to adapters' },
]
