// One page of a list: newest first, rows older than `before` (exclusive, a tm_create), at most `limit`.

export interface PageRequest {
  readonly before?: string
  readonly limit: number
}
