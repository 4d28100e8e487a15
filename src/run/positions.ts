import { positionKey, positionParts, positionsPrefix, infoValue, readInfo, type Endpoint } from '../checkpointLayout.ts'
import { WallarxError } from '../errors.ts'
import type { Position } from '../position.ts'
import type { Change, OpenStore } from '../store.ts'

/** The positions of all sources and sinks of a run. */
export interface Positions {
  /** Begins to follow one. Throws `NAME_DUPLICATE` while another of this name is open in the pipeline. */
  readonly follow: (pipeline: string, kind: Endpoint, name: string) => FollowedPosition
  /** What has changed since the last call, for a checkpoint. */
  changes(): Change[]
  /** Tells the sources that the positions of the last `changes` are durable. */
  readonly committed: () => void
  list(): { readonly pipeline: string; readonly kind: Endpoint; readonly name: string; readonly position: Position }[]
}

export interface FollowedPosition {
  /** From the last checkpoint; given to the first that asks. */
  readonly restored: Position | undefined
  /** Whether the store will have a position of it once the present commit is durable. */
  readonly isKept: boolean
  /** Where it is now. */
  readonly set: (position: Position) => void
  /** How to ask where it is, at a checkpoint. */
  readonly from: (position: () => Position | undefined) => void
  readonly onCheckpoint: (taken: (position: Position) => void) => void
  /** It is closed. Where it is then is asked later, because it may end in the middle of what it hands over. */
  readonly end: () => void
}

interface Entry {
  readonly pipeline: string
  readonly kind: Endpoint
  readonly name: string
  position: Position | undefined
  /** In the last checkpoint. */
  written: Position | undefined
  ask: (() => Position | undefined) | undefined
  taken: ((position: Position) => void) | undefined
  /** Whether its restored position was given away. */
  given: boolean
  open: boolean
}

const ignore = (): void => undefined

/** Without a store: nothing is restored, nothing is kept. */
export const unkeptPositions: Positions = {
  follow: () => ({
    restored: undefined,
    isKept: true,
    set: ignore,
    from: ignore,
    onCheckpoint: ignore,
    end: ignore,
  }),
  changes: () => [],
  committed: ignore,
  list: () => [],
}

export function createPositions(store: OpenStore): Positions {
  const entries = new Map<string, Entry>()
  const entryOf = (pipeline: string, kind: Endpoint, name: string): Entry => {
    const id = JSON.stringify([pipeline, kind, name])
    let entry = entries.get(id)
    if (entry === undefined) {
      entry = {
        pipeline,
        kind,
        name,
        position: undefined,
        written: undefined,
        ask: undefined,
        taken: undefined,
        given: false,
        open: false,
      }
      entries.set(id, entry)
    }
    return entry
  }
  for (const { key, value } of store.range(positionsPrefix)) {
    const { pipeline, kind, name } = positionParts(key)
    const entry = entryOf(pipeline, kind, name)
    entry.position = entry.written = readInfo<Position>(key, value)
  }
  const update = (entry: Entry): void => {
    const position = entry.ask?.()
    if (position !== undefined) entry.position = position
    if (!entry.open) entry.ask = undefined
  }

  return {
    follow(pipeline, kind, name) {
      const entry = entryOf(pipeline, kind, name)
      if (entry.open) {
        throw new WallarxError('NAME_DUPLICATE', {
          expected: `every ${kind} of a pipeline to have a name of its own (option name)`,
          got: 'two of one name, whose positions a checkpoint could not tell apart',
          where: { pipeline, [kind]: name },
        })
      }
      const restored = entry.given ? undefined : entry.position
      entry.given = entry.open = true
      return {
        restored,
        isKept: entry.written !== undefined,
        set(position) {
          entry.position = position
        },
        from(ask) {
          entry.ask = ask
        },
        onCheckpoint(taken) {
          entry.taken = taken
        },
        end() {
          entry.taken = undefined
          entry.open = false
        },
      }
    },
    changes() {
      const changes: Change[] = []
      for (const entry of entries.values()) {
        update(entry)
        if (entry.position === entry.written || entry.position === undefined) continue
        entry.written = entry.position
        const { pipeline, kind, name, position } = entry
        changes.push({ key: positionKey(pipeline, kind, name), value: infoValue(position) })
      }
      return changes
    },
    committed() {
      for (const { written, taken } of entries.values()) if (written !== undefined) taken?.(written)
    },
    list: () =>
      [...entries.values()].flatMap(({ pipeline, kind, name, position }) =>
        position === undefined ? [] : { pipeline, kind, name, position },
      ),
  }
}
