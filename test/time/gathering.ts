/* What windows are held to the model by: aggregates that gather all, and the model's windows as the package's. */
import { session, sliding, tumbling, type Aggregate, type WindowDefinition } from 'wallarx'
import type { Message, ModelWindow, WindowOutput } from './model.ts'

export interface Kept {
  values: string[]
}

export const definitionOf = ({ kind, size = 0, every = size, offset, gap = 0 }: ModelWindow): WindowDefinition =>
  kind === 'session'
    ? session({ gap })
    : kind === 'tumbling'
      ? tumbling({ size, offset })
      : sliding({ size, every, offset })

export const gather: Aggregate<Message, Kept, WindowOutput> = {
  add({ v }, { values }) {
    values.push(v)
  },
  close: ({ values }, { key, start, end, correction, early }) => ({
    key: Number(key),
    start,
    end,
    values: [...values],
    correction,
    ...(early && { early }),
  }),
}
