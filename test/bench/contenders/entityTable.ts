import type * as EntityTable from '../../../src/entityTable.ts'
import type * as Key from '../../../src/key.ts'

/** The entity table as it is built: no public export, and measured as it is published. */
export const { createEntityTable, slotFinder } = (await built('entityTable')) as typeof EntityTable
export const { writeKey } = (await built('key')) as typeof Key

function built(module: string): Promise<unknown> {
  return import(new URL(`../../../dist/src/${module}.js`, import.meta.url).href)
}
