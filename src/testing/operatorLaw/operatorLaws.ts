import fc from 'fast-check'
import { pipe, type OperatorFunction } from 'rxjs'
import { frame } from '../../../operators/frame.ts'
import { Breach } from '../law/breach.ts'
import { cuttingDoesNotMatter } from './cuttingDoesNotMatter.ts'
import { errorsComeOnce } from './errorsComeOnce.ts'
import { inVirtualTime } from '../driver/inVirtualTime.ts'
import type { LawOptions } from '../law/law.ts'
import { literal, pastedTest } from '../law/pastedTest.ts'
import { asEvents, checkPipelineLaw, type BuildPipeline, type PipelineLawOptions } from '../pipelineLaw/pipelineLaw.ts'
import { NoEnd } from '../pipelineLaw/pipelineRun.ts'
import { takeStopsTheSource } from './takeStopsTheSource.ts'
import { teardownHappensOnce } from './teardownHappensOnce.ts'
import { WallarxError } from '../../base/errors.ts'

/** The laws over one operator that a pipeline is held to as well. */
export type OperatorLawName = 'errorsComeOnce' | 'takeStopsTheSource' | 'teardownHappensOnce' | 'cuttingDoesNotMatter'

type Build = () => OperatorFunction<never, unknown>
type Check = (build: Build, messages: fc.Arbitrary<readonly never[]>, options: LawOptions) => Promise<void>

interface OperatorLaw {
  readonly title: string
  readonly check: Check
  /** The option that takes the messages. */
  readonly option: 'messages' | 'bytes'
}

/** The laws over one operator, which hold for a whole pipeline, too. */
const operatorLaws = {
  errorsComeOnce: {
    title: 'an error comes once, and nothing after it',
    option: 'messages',
    check: (build, messages, options) => errorsComeOnce(build, { messages, ...options }),
  },
  takeStopsTheSource: {
    title: 'no message is taken any more when nobody wants more outputs',
    option: 'messages',
    check: (build, messages, options) => takeStopsTheSource(build, { messages, ...options }),
  },
  teardownHappensOnce: {
    title: 'a subscription lets go of everything once, in whichever way it ends',
    option: 'messages',
    check: (build, messages, options) => teardownHappensOnce(build, { messages, ...options }),
  },
  cuttingDoesNotMatter: {
    title: 'the way in which bytes are cut into chunks makes no difference',
    option: 'bytes',
    check: (build, chunks, options) =>
      cuttingDoesNotMatter(build as () => OperatorFunction<Buffer, unknown>, {
        bytes: chunks.map((all) => Buffer.concat(all)),
        ...options,
      }),
  },
} satisfies Record<OperatorLawName, OperatorLaw>

/**
 * Holds a pipeline to a law over one operator, without a run around it, and shows a breach as laws over pipelines do.
 */
export async function checkOperatorLaw<In, Out>(
  name: OperatorLawName,
  build: BuildPipeline<In, Out>,
  options: PipelineLawOptions<In>,
): Promise<void> {
  const { title, check, option }: OperatorLaw = operatorLaws[name]
  const { input, framing } = options
  const whole = (): OperatorFunction<never, unknown> =>
    framing === undefined ? build() : pipe(frame(framing), build() as OperatorFunction<unknown, Out>)
  await checkPipelineLaw<In, { readonly messages: readonly In[]; readonly seed: number }>({
    law: title,
    name,
    // One run of the law for each list of messages; the seed decides what the law adds, such as pauses.
    input: fc.record({ messages: input, seed: fc.noShrink(fc.nat()) }),
    async holds({ messages, seed }) {
      const timed = inVirtualTime(whole)
      try {
        await check(timed.build, fc.constant(messages as readonly never[]), { runs: 1, seed, timeout: options.timeout })
      } catch (error) {
        if (!(error instanceof WallarxError && error.code === 'LAW_BROKEN')) throw error
        const Kind = error.got.startsWith('no end of the run') ? NoEnd : Breach
        throw new Kind(error.got, { cause: error })
      } finally {
        timed.end()
      }
    },
    eventsOf: ({ messages }) => asEvents(messages),
    test({ messages, seed }) {
      const bytes = option === 'bytes'
      const given = bytes
        ? literal(Buffer.concat(messages as readonly Uint8Array[]))
        : `[${messages.map(literal).join(', ')}]`
      const framed = framing !== undefined
      return pastedTest({
        title,
        uses: [name],
        imports: [
          "import fc from 'fast-check'",
          ...(framed ? ["import { pipe } from 'rxjs'", "import { frame } from 'wallarx/operators'"] : []),
        ],
        body: [
          `await ${name}(${framed ? '() => pipe(frame(framing), build())' : 'build'}, {`,
          `  ${option}: fc.constant(${given}),`,
          '  runs: 1,',
          `  seed: ${seed},`,
          '})',
        ],
      })
    },
    options,
  })
}
