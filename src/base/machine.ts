// The contract of state machines: a total state × event table. TypeScript rejects a missing cell.
// A cell is a transition, "ignore" (may happen, means nothing) or "bug" (cannot happen).

export type Cell<State extends string, Data, Event> =
  | { readonly to: State; readonly run?: (data: Data, event: Event) => void }
  | 'ignore'
  | 'bug'

export type Table<State extends string, Event extends { readonly kind: string }, Data = void> = {
  readonly [S in State]: { readonly [K in Event['kind']]: Cell<State, Data, Extract<Event, { kind: K }>> }
}

export type Step<State extends string> = {
  readonly from: State
  readonly to: State
  readonly outcome: 'moved' | 'ignored' | 'bug'
}

/** Looks one event up, runs its action and says where the machine stands then. Pure but for `run`. */
export function step<State extends string, Event extends { readonly kind: string }, Data>(
  table: Table<State, Event, Data>,
  state: State,
  event: Event,
  data: Data,
): Step<State> {
  const row = table[state] as Readonly<Record<string, Cell<State, Data, Event>>>
  const cell = row[event.kind]
  if (cell === undefined || cell === 'bug') return { from: state, to: state, outcome: 'bug' }
  if (cell === 'ignore') return { from: state, to: state, outcome: 'ignored' }
  cell.run?.(data, event)
  return { from: state, to: cell.to, outcome: 'moved' }
}
