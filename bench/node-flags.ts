// The flags of Node with which a checkout's `npm start` runs the server, so that a bench measures what people run.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export function nodeFlags(checkout: string): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as {
    readonly scripts: { readonly start: string }
  }
  return scripts.start.split(' ').filter((word) => word.startsWith('--'))
}
