// The six comparisons that conditions may ask for.

export const comparisons = ['==', '!=', '>', '>=', '<', '<='] as const
export type Comparison = (typeof comparisons)[number]

/** Texts compare by code unit. NaN satisfies only `!=`. */
export function compare<T extends string | number>(comparison: Comparison, left: T, right: T): boolean {
  switch (comparison) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '>':
      return left > right
    case '>=':
      return left >= right
    case '<':
      return left < right
    case '<=':
      return left <= right
  }
}
