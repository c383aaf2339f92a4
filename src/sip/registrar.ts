// What a registrar does with a REGISTER whose sender is known (RFC 3261 §10.3, RFC 5626 §6, RFC 3327 §5.3): a pure function from the
// bindings of an address-of-record to those that it has afterwards, all or nothing, and the answer.
import { parseCSeq } from './cseq.ts'
import { type Header, header, headers, type SipRequest } from './message.ts'
import { type Binding, contactHeader, isSameBinding, type Wish, wishesOf } from './registrar-contact.ts'
import { uriOf } from './route.ts'
import { optionTags, supports } from './session-timer.ts'

export interface RegisterRules {
  /** Seconds; what is shorter is refused with 423. At most 3600 (§10.3 step 7). */
  readonly minExpires: number
  /** Seconds; what is longer is shortened to it. */
  readonly maxExpires: number
  /** Seconds, when the phone asks for nothing. */
  readonly defaultExpires: number
  /** Bindings of one address-of-record; beyond, the one that would expire first gives way. */
  readonly mostBindings: number
  /** Whether the flow of this request is kept alive as RFC 5626 wants it, so that outbound may be confirmed. */
  readonly keepsFlow: boolean
  /** Milliseconds, the clock of `expiresAt`. */
  readonly now: number
  /** Milliseconds since 1970, for Date. */
  readonly wallMs: number
}

export interface RegisterOutcome<B extends Binding> {
  readonly status: number
  readonly headers: readonly Header[]
  /** New bindings, and those that take the place of an old one. */
  readonly added: readonly { readonly binding: Binding; readonly replaces?: B }[]
  /** Bindings that end now. */
  readonly removed: readonly B[]
}

const refuse = <B extends Binding>(status: number, ...fields: Header[]): RegisterOutcome<B> => ({
  status,
  headers: fields,
  added: [],
  removed: [],
})

/** @param current the bindings that have not expired */
export function register<B extends Binding>(
  request: SipRequest,
  current: readonly B[],
  rules: RegisterRules,
): RegisterOutcome<B> {
  const outbound = supports(request, 'outbound')
  const sequence = parseCSeq(header(request, 'CSeq') ?? '')?.number ?? 0
  const origin = { callId: header(request, 'Call-ID') ?? '', cseq: sequence, path: headers(request, 'Path') }
  const isOutOfOrder = ({ callId, cseq }: Binding): boolean => callId === origin.callId && cseq >= origin.cseq
  if (headers(request, 'Contact').includes('*')) {
    if (!/^0+$/.test(header(request, 'Expires')?.trim() ?? '')) return refuse(400)
    if (current.some(isOutOfOrder)) return refuse(500)
    return success({ request, rules, added: [], removed: current, kept: [] })
  }
  const wishes = wishesOf(request, outbound)
  if (wishes === undefined) return refuse(400)
  const fault = wishFault(wishes, request, rules)
  if (fault !== undefined) return refuse(fault.status, ...fault.headers)
  const plan = planOf(wishes, current)
  if (plan.some(({ known }) => known !== undefined && isOutOfOrder(known))) return refuse(500)
  const replaced = new Set(plan.flatMap(({ known }) => known ?? []))
  const added = plan.flatMap(({ wish, known }) => {
    if (wish.expires === 0) return []
    const binding = bindingOf(wish, origin, rules)
    return [known === undefined ? { binding } : { binding, replaces: known }]
  })
  const ended = plan.flatMap(({ wish, known }) => (wish.expires === 0 && known !== undefined ? [known] : []))
  const others = current.filter((binding) => !replaced.has(binding))
  const room = Math.max(0, rules.mostBindings - added.length)
  const kept = others.toSorted((a, b) => b.expiresAt - a.expiresAt).slice(0, room)
  const crowdedOut = others.filter((binding) => !kept.includes(binding))
  return success({ request, rules, added, removed: [...ended, ...crowdedOut], kept })
}

interface Planned<B extends Binding> {
  readonly wish: Wish
  readonly known: B | undefined
}

const planOf = <B extends Binding>(wishes: readonly Wish[], current: readonly B[]): Planned<B>[] =>
  wishes.map((wish) => ({ wish, known: current.find((binding) => isSameBinding(wish, binding)) }))

function bindingOf(wish: Wish, origin: Pick<Binding, 'callId' | 'cseq' | 'path'>, rules: RegisterRules): Binding {
  const { expires = rules.defaultExpires, ...place } = wish
  return { ...place, ...origin, expiresAt: rules.now + Math.min(expires, rules.maxExpires) * 1000 }
}

/** Why the Contacts cannot be taken: too brief, too many, one twice, or a flow that the first hop does not keep. */
function wishFault(
  wishes: readonly Wish[],
  request: SipRequest,
  rules: RegisterRules,
): { readonly status: number; readonly headers: readonly Header[] } | undefined {
  const brief = wishes.some(({ expires }) => expires !== undefined && expires > 0 && expires < rules.minExpires)
  if (brief) return { status: 423, headers: [{ name: 'Min-Expires', value: String(rules.minExpires) }] }
  const lasting = wishes.filter(({ expires }) => expires !== 0)
  const overFlow = lasting.filter(({ regId }) => regId > 0)
  const twice = wishes.some((wish, index) =>
    wishes.slice(0, index).some((earlier) => isSameBinding(wish, { ...earlier, ...nothingElse })),
  )
  if (twice || lasting.length > rules.mostBindings || (overFlow.length > 0 && lasting.length > 1)) {
    return { status: 400, headers: [] }
  }
  // RFC 5626 §6: a hop between us and the phone must have said that it keeps the flow.
  const firstHop = uriOf(headers(request, 'Path').at(-1))
  const hopKeepsFlow = headers(request, 'Via').length < 2 || firstHop?.params.has('ob') === true
  return overFlow.length > 0 && !hopKeepsFlow ? { status: 439, headers: [] } : undefined
}

/** Seconds after which a silent flow is taken for dead (RFC 5626 §4.4). */
const flowTimer: Header = { name: 'Flow-Timer', value: '120' }

const nothingElse = { path: [], callId: '', cseq: 0, expiresAt: 0 } as const

interface Success<B extends Binding> extends Pick<RegisterOutcome<B>, 'added' | 'removed'> {
  readonly request: SipRequest
  readonly rules: RegisterRules
  readonly kept: readonly B[]
}

/** 200 with every binding that is there afterwards (§10.3 step 8). */
function success<B extends Binding>({ request, rules, added, removed, kept }: Success<B>): RegisterOutcome<B> {
  const bindings = [...kept, ...added.map(({ binding }) => binding)].toSorted((a, b) => b.q - a.q)
  const confirmed = rules.keepsFlow && added.some(({ binding }) => binding.regId > 0)
  const path = optionTags(request, 'Supported').includes('path') ? headers(request, 'Path') : []
  const fields: Header[] = [
    ...bindings.map((binding) => contactHeader(binding, rules.now)),
    ...path.map((value) => ({ name: 'Path', value })),
    ...(confirmed ? [{ name: 'Require', value: 'outbound' }, flowTimer] : []),
    { name: 'Date', value: new Date(rules.wallMs).toUTCString() },
    { name: 'Supported', value: 'path, outbound' },
  ]
  return { status: 200, headers: fields, added, removed }
}
