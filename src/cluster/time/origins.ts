import type { OriginState, SentTime, ShardOfPartition, Teller, TellOrigin } from '../../state/exchange.ts'

type Said = Parameters<TellOrigin>

/** What has become known of origins. */
export interface News {
  /** That they will be there: it is said before all that they are told with. */
  readonly ahead: readonly Said[]
  readonly known: readonly Said[]
  /** Shards that are among those. */
  readonly shards: readonly ShardOfPartition[]
  /** Something of a source is among them that does not come with its messages: it has come, or is idle. */
  readonly ofSources: boolean
}

export const noNews: News = { ahead: [], known: [], shards: [], ofSources: false }

/** What a step has told all shards of the origins of what it hands over. */
export interface Origins {
  readonly hasNews: boolean
  /** What is known now and was not at the last call. */
  take(): News
}

export function createOrigins(sent: SentTime): Origins {
  const told = new Map<string, { watermark: number; state: OriginState; by: Teller | undefined }>()

  /** What comes from another owner in this worker is told anew: meanwhile another worker may have told something. */
  const isNews: (...said: Said) => boolean = (origin, watermark, state, by) => {
    const known = told.get(origin)
    if (known === undefined) return true
    if (state === 'awaited') return false
    return state !== known.state || by !== known.by || watermark > known.watermark
  }

  return {
    get hasNews() {
      if (!sent.isRead) return false
      let has = false
      sent.tell((...said) => {
        has ||= isNews(...said)
      })
      return has
    },
    take() {
      if (!sent.isRead) return noNews
      const ahead: Said[] = []
      const known: Said[] = []
      const shards: ShardOfPartition[] = []
      let ofSources = false
      sent.tell((...said) => {
        if (!isNews(...said)) return
        const [origin, watermark, state, by] = said
        const before = told.get(origin)
        told.set(origin, { watermark, state, by })
        // What nobody knows any more is in the place of what is awaited from now on.
        if (state === 'awaited' || by === undefined) ahead.push(said)
        else known.push(said)
        if (by === undefined) return
        if (by.place !== undefined) shards.push(by.place)
        else if (state !== 'live' || before?.state !== state || before.by !== by) ofSources = true
      })
      return { ahead, known, shards, ofSources }
    },
  }
}
