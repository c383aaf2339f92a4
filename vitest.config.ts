import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/scenario/**/*.test.ts',
            'test/torture/**/*.test.ts',
            'test/fuzz/**/*.test.ts',
            'test/native/**/*.test.ts',
            'test/api/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          // Real phones keep time; a machine that others use at the same moment may not.
          retry: 2,
        },
      },
    ],
  },
})
