import { pipe, type OperatorFunction } from 'rxjs'
import { hashOf, minutes, session, windowed } from 'wallarx'
import { encode, eventTime, toWindows } from 'wallarx/operators'

export interface Click {
  readonly visitor: string
  /** In ms since 1970. */
  readonly at: number
  readonly page: string
}

/** Puts the clicks of a visitor together to visits: one ends when nothing comes for half an hour. */
export function visits(): OperatorFunction<Click, Buffer> {
  const sessions = windowed('visits', {
    key: hashOf(({ visitor }: Click) => visitor),
    window: session({ gap: minutes(30) }),
    build: (): { visitor: string; pages: string[] } => ({ visitor: '', pages: [] }),
  })
  return pipe(
    eventTime(({ at }) => at, { outOfOrder: minutes(1) }),
    toWindows(
      {
        add({ visitor, page }, state) {
          state.visitor = visitor
          state.pages.push(page)
        },
        merge(into, { visitor, pages }) {
          into.visitor = visitor
          into.pages.push(...pages)
        },
        close: ({ visitor, pages }, { start }) =>
          `${visitor} came at ${new Date(start).toISOString().slice(11, 16)}: ${pages.join(' ')}\n`,
      },
      sessions,
    ),
    encode((line) => line),
  )
}
