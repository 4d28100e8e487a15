import { createEntityUse, type EntityUse } from './entityUse.ts'

/** The state partitions of a run that steps have used, by name. */
export interface EntityUses {
  /** That of a state partition, from its first use on. */
  readonly of: (partition: string) => EntityUse
  /** Of one or, where none is named, of all; none where it is not in use. */
  named(partition: string | undefined): (readonly [name: string, use: EntityUse])[]
  hottest(partition: string): ReturnType<EntityUse['hottest']>
  tick(seconds: number): void
}

export function createEntityUses(): EntityUses {
  const uses = new Map<string, EntityUse>()
  return {
    of(partition) {
      const known = uses.get(partition)
      if (known !== undefined) return known
      const use = createEntityUse()
      uses.set(partition, use)
      return use
    },
    named: (partition) => [...uses].filter(([name]) => partition === undefined || name === partition),
    hottest: (partition) => uses.get(partition)?.hottest() ?? [],
    tick(seconds) {
      for (const use of uses.values()) use.tick(seconds)
    },
  }
}
