import { knownOptions } from '../../base/option.ts'
import type { OperatorFunction } from 'rxjs'
import type { PipelineDriver } from './driver.ts'
import type { PipelineEvent } from './faults.ts'

/** How events are played. */
export interface PlayOptions<In, Out> {
  /**
   * Makes the program that goes on after a crash or restart, as a new process would. Default: the one that was there
   */
  readonly build?: (() => OperatorFunction<In, Out>) | undefined
  /** Whether what a message leads to is waited for before the next event. Default: `true` */
  readonly settle?: boolean | undefined
}

/**
 * Lets messages and faults happen to a pipeline under test, one after the other. Bytes are sent as messages; a driver
 * with a `framing` takes them as chunks. At the end the sink takes everything again. Rejects with what the pipeline
 * failed with.
 *
 * @returns what the sink took at each event, and last, what it took when it was released at the end
 * @example
 * ```ts
 * import { toState } from 'wallarx/operators'
 * import { play, testPipeline } from 'wallarx/testing'
 * import { statePartition } from 'wallarx'
 *
 * const sum = statePartition('sum', { build: () => ({ total: 0 }) })
 * const driver = await testPipeline(toState((n: number, state) => [(state.total += n), true], sum))
 * await play(driver, [{ message: 1 }, { fault: 'checkpoint' }, { message: 2 }, { fault: 'crash' }, { message: 3 }])
 * assert.deepEqual(driver.outputs(), [1, 3, 3, 6])
 * await driver.close()
 * ```
 */
export async function play<In, Out>(
  driver: PipelineDriver<In, Out>,
  events: readonly PipelineEvent<In>[],
  input: PlayOptions<In, Out> = {},
): Promise<Out[][]> {
  const { build, settle = true } = knownOptions('play', input, { build: true, settle: true })
  const steps: Out[][] = []
  let refusing = 0 // for how many events the sink takes nothing
  let begun: Promise<void>[] = [] // checkpoints that wait for the sink

  const resume = async (): Promise<void> => {
    refusing = 0
    driver.sink.resume()
    await Promise.all(begun)
    begun = []
  }
  const goOn = async (): Promise<void> => {
    refusing = 0
    for (const lost of begun) lost.catch(() => undefined)
    begun = []
    await driver.restart(build?.())
  }

  for (const event of events) {
    if (refusing > 0 && --refusing === 0) await resume()
    if ('message' in event) {
      if (driver.framed) driver.sendBytes(event.message as Uint8Array)
      else driver.send(event.message)
      if (settle && refusing === 0) await driver.settle()
    } else if ('events' in event) {
      refusing = Math.max(refusing, event.events + 1)
      if (event.fault === 'slow sink') driver.sink.slow()
      else driver.sink.lose()
    } else if (event.fault === 'checkpoint') {
      if (refusing === 0) await driver.checkpoint()
      else begun.push(driver.checkpoint())
    } else if (event.fault === 'crash') {
      await driver.crash()
      await goOn()
    } else {
      await resume()
      await driver.stop()
      await goOn()
    }
    steps.push(driver.read())
  }
  await resume()
  steps.push(driver.read())
  return steps
}
