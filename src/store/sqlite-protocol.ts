// What crosses between the server's thread and a database thread: plain values, as JSON text, which costs V8 a fraction of its structured
// clone; many requests in one message, and each SQL text once. Rows of lists are texts already, and cross as they are.
import type { RawRow } from './database.ts'

export interface ThreadData {
  /** The writer owns the lock and executes batches; a reader sees committed data beside it. */
  readonly role: 'writer' | 'reader'
  /** A file, or `:memory:`, which only a writer can open and then also reads. */
  readonly path: string
}

export interface RawStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly guard: boolean
}

export type ToThread =
  | { readonly kind: 'batch'; readonly id: number; readonly statements: readonly RawStatement[] }
  | { readonly kind: 'read'; readonly id: number; readonly sql: string; readonly parameters: readonly unknown[] }
  | { readonly kind: 'texts'; readonly id: number; readonly sql: string; readonly parameters: readonly unknown[] }
  | { readonly kind: 'close' }

/** Messages to a thread. `texts` are SQL texts not sent before; `sql` of a wired request is the position of its text among all sent. */
export interface Wired {
  readonly texts: readonly string[]
  readonly requests: readonly WiredRequest[]
}

export type WiredStatement = readonly [sql: number, guard: 0 | 1, parameters: readonly unknown[]]
export type WiredRequest =
  | { readonly kind: 'batch'; readonly id: number; readonly statements: readonly WiredStatement[] }
  | {
      readonly kind: 'read' | 'texts'
      readonly id: number
      readonly sql: number
      readonly parameters: readonly unknown[]
    }
  | { readonly kind: 'close' }

export type Batch = Extract<ToThread, { kind: 'batch' }>

/** Why something failed: a guard or a unique column of the batch, the world (disk, lock), or a wrong statement. */
export type Failure =
  | { readonly kind: 'guard'; readonly statement: number }
  | { readonly kind: 'unique'; readonly table: string; readonly column: string }
  | { readonly kind: 'world'; readonly message: string; readonly retryable: boolean }
  | { readonly kind: 'bug'; readonly message: string }

/** Answer to a batch (the rows of each statement) or to a read (of its only statement); `texts` says how many of those beside are its own. */
export type Outcome =
  | { readonly id: number; readonly rows: RawRow[][] }
  | { readonly id: number; readonly texts: number }
  | { readonly id: number; readonly failure: Failure }

/** A message from a thread: a FromThread as JSON, then the texts of its outcomes in their order. */
export type WiredAnswer = readonly [answer: string, ...texts: string[]]

export type FromThread =
  | { readonly kind: 'ready' }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'outcomes'; readonly outcomes: readonly Outcome[] }
