import type { OperatorFunction } from 'rxjs'
import { play, testPipeline, type PipelineEvent } from 'wallarx/testing'
import type { Message } from '../../time/model.ts'
import { unpacked, type Chunk } from './chunks.ts'

/** What comes out exactly once, whatever happens. A restart makes the operator anew. */
export async function outputsOf<Out>(
  events: readonly PipelineEvent<Chunk>[],
  operator: () => OperatorFunction<Message, Out>,
): Promise<Out[]> {
  const build = (): OperatorFunction<Chunk, Out> => (source) => source.pipe(unpacked, operator())
  const driver = await testPipeline(build(), { delivery: 'exactly once' })
  try {
    await play(driver, events, { build })
    await driver.end()
    return driver.outputs()
  } finally {
    await driver.close()
  }
}
