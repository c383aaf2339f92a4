// Values that several owners share, and what is made of them once.

/** The value itself, which nobody can change any more, nor anything in it; for plain objects and arrays. */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}

/** Makes something of an object that never changes, once for as long as that object lives; what is made is frozen too. */
export function madeOnce<K extends object, V extends object>(make: (from: K) => V): (from: K) => V {
  const made = new WeakMap<K, V>()
  return (from) => {
    const known = made.get(from)
    if (known !== undefined) return known
    const value = frozen(make(from))
    if (Object.isFrozen(from)) made.set(from, value)
    return value
  }
}
