// Variables: substitution and limits.
import { describe, expect, it } from 'vitest'
import { parseVariables, Variables, variableLimits } from './variables.ts'

const name = (text: string): string => `$\{${text}}`

describe('substitution', () => {
  const variables = new Variables(
    { 'voipbin.call.digits': '5' },
    { a: '1', dollar: name('a'), 'odd name': 'x' },
    () => '{"id":1}',
  )
  const fill = (text: string): unknown => variables.substitute({ text })['text']

  it.each([
    [`<${name('a')}>`, '<1>'],
    [`${name('a')}${name('voipbin.call.digits')}`, '15'],
    [name('unknown'), ''],
    [name('odd name'), 'x'],
    [name('dollar'), name('a')],
    [`$\{${name('a')}`, ''],
    ['${'.repeat(3), '${${${'],
    ['$a {a} }', '$a {a} }'],
    [name('voipbin.flow.reference_data'), '{"id":1}'],
    [name('__proto__'), ''],
  ])('%s becomes %s', (text, expected) => {
    expect(fill(text)).toBe(expected)
  })

  it('recurses through objects and lists and leaves everything but texts alone', () => {
    expect(
      variables.substitute({ list: [name('a'), 2, { deep: name('a') }], n: 3, none: null, [name('a')]: true }),
    ).toEqual({
      list: ['1', 2, { deep: '1' }],
      n: 3,
      none: null,
      [name('a')]: true,
    })
  })

  it('stays fast and bounded on hostile texts', () => {
    expect(fill('${'.repeat(100_000))).toHaveLength(200_000)
    const big = new Variables({}, { v: 'x'.repeat(30_000) })
    expect(() => big.substitute({ text: name('v').repeat(100) })).toThrow(/after substitution/)
  })
})

describe('variables of a request', () => {
  it('drops voipbin names and keeps the rest', () => {
    expect(parseVariables({ a: '1', 'voipbin.call.id': 'forged' })).toEqual({ a: '1' })
    expect(parseVariables(undefined)).toEqual({})
  })

  it.each([[['a']], ['a'], [{ a: 1 }], [{ a: null }]])('refuses %j', (input) => {
    expect(() => parseVariables(input)).toThrow(expect.objectContaining({ code: 'INVALID_VARIABLES' }))
  })

  it('drops all when one limit is exceeded', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']))
    expect(Object.keys(parseVariables(many(100)))).toHaveLength(100)
    expect(parseVariables(many(101))).toEqual({})
    expect(parseVariables({ a: 'x'.repeat(variableLimits.valueBytes) })).toHaveProperty('a')
    expect(parseVariables({ a: 'é'.repeat(variableLimits.valueBytes / 2 + 1), b: '' })).toEqual({})
    expect(parseVariables({ a: 'x'.repeat(32_000), b: 'x'.repeat(32_000), c: 'x'.repeat(2000) })).toEqual({})
  })
})

describe('setting', () => {
  it('refuses what exceeds the limits and changes nothing then', () => {
    const variables = new Variables({ 'voipbin.call.digits': '' }, {})
    for (let index = 0; index < variableLimits.keys; index += 1) variables.set(`k${index}`, 'v')
    expect(() => variables.set('one more', 'v')).toThrow(/100 names/)
    expect(() => variables.set('k0', 'x'.repeat(40_000))).toThrow(/32768 bytes/)
    variables.set('k0', 'w')
    variables.set('voipbin.call.digits', '9')
    expect(variables.get('k0')).toBe('w')
    expect(variables.get('one more')).toBeUndefined()
    expect(variables.toObject()['voipbin.call.digits']).toBe('9')
  })

  it('counts nothing of what the server tells, and keeps counting what the flow set before', () => {
    const variables = new Variables({}, {})
    for (let index = 0; index < variableLimits.keys; index += 1) variables.set(`k${index}`, 'v')
    variables.tell({ 'voipbin.recording.id': 'a', k0: 'b' })
    variables.set('voipbin.recording.id', 'c')
    expect(variables.toObject()).toMatchObject({ 'voipbin.recording.id': 'c', k0: 'b' })
    expect(() => variables.set('one more', 'v')).toThrow(/100 names/)
  })
})
