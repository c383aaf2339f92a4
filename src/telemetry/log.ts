// The log's body: pino, JSON lines on stderr, pretty where a person is watching.
import pino from 'pino'
import pretty from 'pino-pretty'
import type { Log } from '../base/log.ts'

export function createLog(level: 'debug' | 'info' | 'warn' | 'error' | 'silent'): Log {
  const stream = process.stderr.isTTY
    ? pretty({ destination: 2, sync: true, colorize: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
    : pino.destination({ dest: 2, sync: true })
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  )
}
