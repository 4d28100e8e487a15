import type { MemberOptions, Place } from '../../../kafka/client.ts'
import type { Group } from '../broker/group.ts'
import type { Offsets } from '../broker/offsets.ts'
import type { Process } from '../process/process.ts'

/** How a member is one of its group: what the client does in the background. */
export interface Membership {
  readonly group: Group
  readonly offsets: Offsets
  /** As which it is known; `undefined` while it is not. */
  readonly id: string | undefined
  readonly generation: number
  /** Everything that was due has been answered. */
  answered(): void
  leave(): void
}

/** The member, as its membership sees it. */
export interface Holder {
  readonly process: Process
  readonly options: MemberOptions
  /** What it has, and what it has been given and not taken yet. */
  held(): Place[]
  /** Something is due, or being answered. */
  readonly isBusy: boolean
  /** It shall have these. Tells whether that makes it give some up. */
  give(places: readonly Place[]): boolean
  /** It is not in its group any more. */
  lose(): void
  /** It cannot go on. */
  fail(error: unknown): void
}

/** In ms. */
export const heartbeatInterval = (sessionTimeout: number): number =>
  Math.max(100, Math.min(3_000, Math.round(sessionTimeout / 6)))
