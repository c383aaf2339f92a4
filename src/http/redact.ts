// Addresses as they go into the log: credentials in the query are blanked.

const secretNames = new Set(['token', 'accesskey'])

/** The path and query with the values of `token` and `accesskey` replaced. */
export function redactUrl(url: string): string {
  const mark = url.indexOf('?')
  if (mark < 0) return url
  const pairs = url
    .slice(mark + 1)
    .split(/[&;]/)
    .map((pair) => (secretNames.has(nameOf(pair)) ? `${nameOf(pair)}=***` : pair))
  return `${url.slice(0, mark)}?${pairs.join('&')}`
}

function nameOf(pair: string): string {
  const name = pair.split('=', 1)[0] ?? ''
  try {
    return decodeURIComponent(name.replaceAll('+', ' ')).toLowerCase()
  } catch {
    return name.toLowerCase()
  }
}
