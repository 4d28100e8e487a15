import { defer, of, Subject, type Observable } from 'rxjs'
import { expect, test, vi } from 'vitest'
import { to } from '../../../operators/to.ts'
import { currentContext, type Context } from '../../../src/context/context.ts'
import { operate } from '../../../src/step/operate.ts'
import { gather } from '../../operators/gather.ts'
import { pipelines } from './pipelines.ts'

// As in a browser: the context is where calls on the stack, or subscribers downstream, lead to it.
vi.mock('#platform', async (original) => {
  const { CallStorage } = await import('../../../src/base/platform/browser.ts')
  return { ...(await original<object>()), CallStorage }
})

/** A step of ours that notes the context of each of its subscriptions, behind what `source` does. */
function probe() {
  const seen: Context[] = []
  const noting = operate<number, number>({
    name: 'noting',
    start(output, context) {
      seen.push(context)
      return {
        next(n) {
          output.next(n)
        },
      }
    },
  })
  return { seen, source: (then: Observable<number> = of(1)) => defer(() => then).pipe(noting) }
}

const pipelinesOf = (seen: readonly Context[]): Set<unknown> => new Set(seen.map(({ time }) => time.pipeline))

test.each(pipelines)('the context goes up through %s', async (name, pipeline, subscriptions) => {
  const { seen, source } = probe()
  const below: Context[] = []
  const last = operate<unknown, unknown>({
    name: 'last',
    start(output, context) {
      below.push(context)
      return {
        next(message) {
          output.next(message)
        },
      }
    },
  })
  await gather(pipeline(source).pipe(last))
  expect(seen).toHaveLength(subscriptions)
  const wanted = name === 'expand' ? seen.slice(0, -1) : seen // the last one is made when `take` has enough
  expect(pipelinesOf([...wanted, ...below]).size).toBe(1)
  expect(currentContext()).toBeUndefined()
})

test('a subscription behind a Subject that is made later has a context of its own', async () => {
  const { seen, source } = probe()
  const relayed = new Subject<number>()
  const gathered = gather(relayed.pipe(to((n) => n)))
  await Promise.resolve()
  source().subscribe(relayed)
  await gathered
  expect(seen[0]!.pipeline).toBeUndefined()
})
