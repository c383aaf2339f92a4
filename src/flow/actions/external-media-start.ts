// external_media_start: exchanges the audio of the call with a host, by RTP over UDP (RFC 3550).
import Type from 'typebox'
import { UserError } from '../../base/errors.ts'
import { defineAction, next } from '../define-action.ts'
import { text, word } from '../option-fields.ts'
import type { ExternalMediaRequest } from '../ports.ts'

const codecs = {
  '': 'PCMU',
  ulaw: 'PCMU',
  alaw: 'PCMA',
  g722: 'G722',
  slin16: 'L16',
} as const satisfies Record<string, ExternalMediaRequest['codec']>

/** By itself the host hears what the phone says, and the phone hears the host. */
export const externalMediaStart = defineAction({
  type: 'external_media_start',
  option: Type.Object({
    external_host: Type.String({
      pattern: '^$|^(\\[[0-9A-Fa-f:.]+\\]|[0-9A-Za-z._-]+):[0-9]{1,5}$',
      default: '',
      description: 'host:port of the receiver, e.g. "192.0.2.1:5004" or "[2001:db8::1]:5004"',
    }),
    encapsulation: word(['', 'rtp'], 'the encapsulation', 'rtp'),
    transport: word(['', 'udp'], 'the transport', 'udp'),
    transport_data: text('data of the transport'),
    connection_type: word(['', 'client'], 'who opens the connection', 'client'),
    format: word(['', 'ulaw', 'alaw', 'g722', 'slin16'], 'the encoding', 'ulaw'),
    direction_listen: word(
      ['', 'in', 'out', 'both', 'none'],
      'what the host hears, "in" being what the phone says',
      'in',
    ),
    direction_speak: word(['', 'out', 'none'], 'who hears the host, "out" being the phone', 'out'),
    data: text('data for the receiver'),
  }),
  media: true,
  onError: 'continue',
  run: async ({ call }, option) => {
    await call.audio.startExternalMedia({
      ...hostAndPort(option.external_host),
      codec: codecs[option.format],
      listen: option.direction_listen || 'in',
      speak: option.direction_speak || 'out',
    })
    return next
  },
})

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  if (colon < 1 || port < 1 || port > 65_535) {
    throw new UserError('INVALID_ARGUMENT', 'option.external_host must be host:port with a port of 1-65535')
  }
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port }
}
