import { describe } from 'vitest'
import { classicLaws, groupLaws } from './suite/groups.ts'
import { recordLaws } from './suite/records.ts'
import { readingLaws } from './suite/reading.ts'
import { topicLaws } from './suite/topics.ts'
import { transactionLaws } from './suite/transactions.ts'
import { lawsOn, type OpenFixture } from './suite/trial.ts'

/**
 * What every implementation of the port to Kafka keeps to. Waits are for something that comes, and time is let pass
 * only where time itself is what is tried: a simulation with a clock of its own takes none.
 */
export function clientSuite(name: string, open: OpenFixture): void {
  const law = lawsOn(open)
  describe(name, () => {
    describe('topics', () => topicLaws(law))
    describe('records', () => recordLaws(law))
    describe('transactions', () => transactionLaws(law))
    describe('reading', () => readingLaws(law))
    describe('groups', () => {
      groupLaws(law, 'classic')
      classicLaws(law)
    })
    describe('groups by the new protocol', () => groupLaws(law, 'consumer'))
  })
}
