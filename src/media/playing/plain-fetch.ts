// Fetches from any address whatsoever: for set-ups in which everyone who may name an address is trusted, and for tests.
import type { Fetch } from './url-source.ts'

export const fetchMedia: Fetch = (url, init) => fetch(url, init)
