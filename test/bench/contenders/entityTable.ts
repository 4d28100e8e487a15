import type * as EntityLocator from '../../../src/state/entityLocator.ts'
import type * as EntityTable from '../../../src/state/entityTable.ts'
import type * as Key from '../../../src/key/key.ts'

/** The entity table as it is built: no public export, and measured as it is published. */
export const { createEntityTable } = (await built('state/entityTable')) as typeof EntityTable
export const { entityLocator } = (await built('state/entityLocator')) as typeof EntityLocator
export const { writeKey } = (await built('key/key')) as typeof Key

function built(module: string): Promise<unknown> {
  return import(new URL(`../../../dist/src/${module}.js`, import.meta.url).href)
}
