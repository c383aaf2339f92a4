// Building blocks of option schemas. Each field has a default, used at run time when the option leaves it out, and a
// description that ends up in the message of a refused option and in the API's documentation.
import Type from 'typebox'
import { nilUuid } from '../base/ids.ts'
import { addressTypes } from '../schema/address.ts'

const uuidOrEmpty = '^$|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
const longestMs = 2 ** 31 - 1

/** UUID; empty or left out means none (the nil UUID). */
export const uuid = (description: string) => Type.String({ pattern: uuidOrEmpty, default: nilUuid, description })

export const text = (description: string, preset = '') => Type.String({ default: preset, description })

/** Whole milliseconds, up to 2^31 - 1 (about 24 days). */
export const milliseconds = (description: string, preset = 0) =>
  Type.Integer({ minimum: 0, maximum: longestMs, default: preset, description })

/** Whole seconds, up to a day. */
export const seconds = (description: string) => Type.Integer({ minimum: 0, maximum: 86_400, default: 0, description })

/** An address of the web; empty or left out passes here and is for the action to refuse. */
export const webAddress = (description: string) =>
  Type.String({ pattern: '^$|^[hH][tT][tT][pP][sS]?://[^ ]+$', default: '', description })

/** Keys of a telephone (RFC 4733). */
export const keys = (description: string) =>
  Type.String({ pattern: '^[0-9A-Da-d*#]{0,100}$', default: '', description })

export const integer = (description: string, preset = 0) => Type.Integer({ default: preset, description })

export const number = (description: string) => Type.Number({ default: 0, description })

export const flag = (description: string) => Type.Boolean({ default: false, description })

/** One of a few words; the first is the default unless `preset` says otherwise. */
export const word = <const W extends string>(words: readonly [W, ...W[]], description: string, preset: W = words[0]) =>
  Type.Enum([...words], { default: preset, description: `${description}: one of ${words.map(quote).join(', ')}` })

const quote = (value: string): string => `"${value}"`

/** An address as clients send it: every field may be missing. */
export const address = (description: string) =>
  Type.Object(
    {
      type: Type.Optional(Type.Enum([...addressTypes])),
      target: Type.Optional(Type.String()),
      target_name: Type.Optional(Type.String()),
      name: Type.Optional(Type.String()),
      detail: Type.Optional(Type.String()),
    },
    { default: {}, description },
  )

export const addresses = (description: string) => Type.Array(address('an address'), { default: [], description })

/** Actions inside an option: normalised and checked like the list that holds them. */
export const nestedActions = (description: string) =>
  Type.Array(Type.Unknown(), { default: [], description, nestedActions: true })
