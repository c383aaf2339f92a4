// `X-` headers of SIP and variables of flows: a header `X-Name` of an incoming INVITE is the variable `sip.header.X-Name`, and a variable
// of that form given on dialling goes out as the header.
import { UserError } from '../base/errors.ts'
import type { Header, SipRequest } from '../sip/message.ts'

/** What the variables' names begin with; the header's name, spelled as it came, follows. */
export const headerVariable = 'sip.header.'

const mostHeaders = 32
const longestValue = 1024

const isExtension = (name: string): boolean => /^x-[a-z0-9\-_.!%*+`'~]{1,64}$/i.test(name)

/** The variables that the `X-` headers of an INVITE become. Of one that comes twice the values are joined by `, `. */
export function headerVariables(request: SipRequest): Record<string, string> {
  const found = new Map<string, { readonly name: string; readonly value: string }>()
  for (const { name, value } of request.headers) {
    const key = name.toLowerCase()
    const known = found.get(key)
    const joined = known === undefined ? value : `${known.value}, ${value}`
    if (!isExtension(name) || joined.length > longestValue) continue
    if (known !== undefined || found.size < mostHeaders) found.set(key, { name: known?.name ?? name, value: joined })
  }
  return Object.fromEntries([...found.values()].map(({ name, value }) => [`${headerVariable}${name}`, value]))
}

/** The headers that variables ask for. Throws UserError naming the variable that may not be one. */
export function variableHeaders(variables: Readonly<Record<string, string>>): Header[] {
  const wanted = Object.entries(variables).filter(([key]) => key.startsWith(headerVariable))
  if (wanted.length > mostHeaders) throw invalid(headerVariable, `at most ${mostHeaders} headers can be sent`)
  return wanted.map(([key, value]) => {
    const name = key.slice(headerVariable.length)
    if (!isExtension(name)) throw invalid(key, 'only headers whose name begins with X- can be sent')
    if (value.length > longestValue) throw invalid(key, `a header may have ${longestValue} characters`)
    if (/[\u0000-\u001f\u007f]/.test(value)) throw invalid(key, 'a header must be one line without control characters')
    return { name, value }
  })
}

const invalid = (key: string, why: string): UserError =>
  new UserError('INVALID_VARIABLES', `variables["${key}"]: ${why}`, { details: [{ field: `variables.${key}` }] })
