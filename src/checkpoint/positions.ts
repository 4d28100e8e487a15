import {
  fingerprintKey,
  fingerprintsPrefix,
  infoValue,
  positionKey,
  positionParts,
  positionsPrefix,
  readInfo,
  type Endpoint,
  type StoredFingerprint,
} from './layout.ts'
import { WallarxError } from '../base/errors.ts'
import type { Fingerprint, KeptEntries, Position } from '../context/endpoint.ts'
import type { Change, OpenStore } from '../store/store.ts'
import { createRunEntries } from './keptEntries.ts'

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
  /** From the last checkpoint; given to the first that asks, and again where that one ended unopened. */
  readonly restored: Position | undefined
  /** What `restored` is a position in. */
  readonly fingerprint: Fingerprint | undefined
  /** What it keeps besides; `undefined` where there is no `restored` to be given. */
  readonly kept: Omit<KeptEntries, 'commit'> | undefined
  /** Whether the store will have a position of it once the present commit is durable. */
  readonly isPersistent: boolean
  /** Where it is now. */
  readonly set: (position: Position, fingerprint: Fingerprint | undefined) => void
  /** How to ask where it is, at a checkpoint, and what that is a position in. */
  readonly from: (position: () => Position | undefined, fingerprint?: () => Fingerprint | undefined) => void
  readonly onCheckpoint: (taken: (position: Position) => void) => void
  /**
   * It is closed; `unopened`, it had handed over nothing but what it replayed. Where it is then is asked later, because
   * it may end in the middle of what it hands over.
   */
  readonly end: (unopened?: boolean) => void
}

interface Entry {
  readonly pipeline: string
  readonly kind: Endpoint
  readonly name: string
  position: Position | undefined
  /** Of `position`. */
  fingerprint: Fingerprint | undefined
  /** In the last checkpoint. */
  written: Position | undefined
  /** In the last checkpoint: a StoredFingerprint as JSON. */
  writtenFingerprint: string | undefined
  ask: (() => Position | undefined) | undefined
  askFingerprint: (() => Fingerprint | undefined) | undefined
  taken: ((position: Position) => void) | undefined
  /** Whether its restored position was given away. */
  given: boolean
  open: boolean
}

const ignore = (): void => undefined

/** Without a store: nothing is restored, nothing is kept. */
export const forgottenPositions: Positions = {
  follow: () => ({
    restored: undefined,
    fingerprint: undefined,
    kept: undefined,
    isPersistent: true,
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
  const kept = createRunEntries(store)
  const entryOf = (pipeline: string, kind: Endpoint, name: string): Entry => {
    const id = JSON.stringify([pipeline, kind, name])
    let entry = entries.get(id)
    if (entry === undefined) {
      entry = {
        pipeline,
        kind,
        name,
        position: undefined,
        fingerprint: undefined,
        written: undefined,
        writtenFingerprint: undefined,
        ask: undefined,
        askFingerprint: undefined,
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
  for (const { key, value } of store.range(fingerprintsPrefix)) {
    const { pipeline, kind, name } = positionParts(key)
    const entry = entryOf(pipeline, kind, name)
    const stored = readInfo<StoredFingerprint>(key, value)
    entry.writtenFingerprint = JSON.stringify(stored)
    if (stored.position === entry.position) entry.fingerprint = stored.fingerprint
  }
  const move = (entry: Entry, position: Position, fingerprint: Fingerprint | undefined): void => {
    if (fingerprint !== undefined || position !== entry.position) entry.fingerprint = fingerprint
    entry.position = position
  }
  const update = (entry: Entry): void => {
    const position = entry.ask?.()
    if (position !== undefined) move(entry, position, entry.askFingerprint?.())
    if (!entry.open) entry.ask = entry.askFingerprint = undefined
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
      if (!entry.given) update(entry) // that of one before, which ended unopened
      const isFirst = !entry.given
      entry.given = entry.open = true
      return {
        restored: isFirst ? entry.position : undefined,
        fingerprint: isFirst ? entry.fingerprint : undefined,
        kept: isFirst ? kept.of(pipeline, kind, name) : undefined,
        isPersistent: entry.written !== undefined,
        set(position, fingerprint) {
          move(entry, position, fingerprint)
        },
        from(ask, askFingerprint) {
          entry.ask = ask
          entry.askFingerprint = askFingerprint
        },
        onCheckpoint(taken) {
          entry.taken = taken
        },
        end(unopened = false) {
          entry.taken = undefined
          entry.open = false
          if (unopened && isFirst) entry.given = false
        },
      }
    },
    changes() {
      const changes: Change[] = []
      for (const entry of entries.values()) {
        update(entry)
        const { pipeline, kind, name, position, fingerprint } = entry
        if (position === undefined) continue
        if (position !== entry.written) {
          entry.written = position
          changes.push({ key: positionKey(pipeline, kind, name), value: infoValue(position) })
        }
        const stored: StoredFingerprint | undefined = fingerprint && { position, fingerprint }
        const text = JSON.stringify(stored) as string | undefined
        if (text === entry.writtenFingerprint) continue
        entry.writtenFingerprint = text
        changes.push({ key: fingerprintKey(pipeline, kind, name), value: stored && infoValue(stored) })
      }
      return changes.concat(kept.changes())
    },
    committed() {
      kept.committed()
      for (const { written, taken } of entries.values()) if (written !== undefined) taken?.(written)
    },
    list: () =>
      [...entries.values()].flatMap(({ pipeline, kind, name, position }) =>
        position === undefined ? [] : { pipeline, kind, name, position },
      ),
  }
}
