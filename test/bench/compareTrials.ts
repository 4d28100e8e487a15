import { startChild, type Child } from './child.ts'
import { interleave, type Rounds } from './runner.ts'

/**
 * Nanoseconds for each message of every trial, on the clock or, with `cpu`, of the processor, where `steady` leaves out
 * the first half of a run; one value for each run.
 * Each trial has a process of its own, so that the compiler knows it alone; they take turns. Throws where outputs that
 * must be equal are not.
 */
export async function compareTrials<Names extends string>(
  names: readonly Names[],
  size: number,
  rounds: Rounds,
  { sameOutput, measured = 'run' }: { readonly sameOutput: boolean; readonly measured?: 'run' | 'cpu' | 'steady' },
): Promise<Record<Names, number[]>> {
  const children = new Map<Names, Child>()
  try {
    for (const name of names)
      children.set(
        name,
        startChild(new URL('./processes/trial.ts', import.meta.url), [name, String(size)], ['--expose-gc']),
      )
    if (sameOutput) await checkOutputs(children)
    const contestants = Object.fromEntries(
      [...children].map(([name, child]) => [name, { run: () => child.ask<number>(measured) }]),
    ) as Record<Names, { run(): Promise<number> }>
    return await interleave(contestants, rounds)
  } finally {
    await Promise.all([...children.values()].map((child) => child.stop()))
  }
}

async function checkOutputs(children: ReadonlyMap<string, Child>): Promise<void> {
  let first: { readonly name: string; readonly digest: string } | undefined
  for (const [name, child] of children) {
    const digest = await child.ask<string>('check')
    first ??= { name, digest }
    if (digest !== first.digest) throw new Error(`the output of "${name}" is not that of "${first.name}"`)
  }
}
