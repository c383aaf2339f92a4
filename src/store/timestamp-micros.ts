// The way back from a stored timestamp to microseconds since 1970; base/time.ts holds the way forth.

/** @param text as of formatTimestamp: `YYYY-MM-DD HH:MM:SS.ffffff`; 0 for anything else */
export function parseMicros(text: string): number {
  const micros = Date.parse(`${text.slice(0, 10)}T${text.slice(11, 23)}Z`) * 1000 + Number(text.slice(23, 26))
  return Number.isNaN(micros) ? 0 : micros
}
