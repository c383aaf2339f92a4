// One page of a list: rows older than `before`, at most `limit`, newest first.
export interface PageQuery {
  /** Exclusive upper bound on tm_create. */
  readonly before?: string
  readonly limit: number
}
