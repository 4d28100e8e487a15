import { Subject } from 'rxjs'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { answer } from '../answer.ts'

// node idleEntities.ts ENTITIES, with --expose-gc

const entities = Number(process.argv[2])

function used(): number {
  globalThis.gc!()
  globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external // external includes array buffers
}

answer({
  /** Bytes for each entity whose state costs nothing. */
  bytesForEach() {
    // The multiplier spreads keys over more than 32 bits.
    const partition = statePartition('idle', { key: (n: number) => n * 4_294_967, build: () => 0 })
    const messages = new Subject<number>()
    let made = 0
    const subscription = messages
      .pipe(toStatePartition((_n: number, state: number) => [state, false], partition))
      .subscribe(() => made++)
    const before = used()
    for (let n = 0; n < entities; n++) messages.next(n)
    const after = used()
    if (made !== entities) throw new Error(`${made} entities`)
    subscription.unsubscribe()
    return (after - before) / entities
  },
})
