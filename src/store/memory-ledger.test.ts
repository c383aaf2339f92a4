// The memory ledger keeps the contract of every ledger. Here and not beside it, since the suite knows the store's layer.
import { describe } from 'vitest'
import { createMemoryLedger } from '../event/memory-ledger.ts'
import { ledgerSuite } from './ledger.suite.ts'

describe('memory ledger', () => {
  ledgerSuite(async () => ({ ledger: createMemoryLedger(), close: async () => {} }))
})
