import { startChild, type Child } from './child.ts'
import { interleave, type Rounds } from './runner.ts'

/**
 * Nanoseconds for each message of every trial, on the clock or, with `cpu`, of the processor; one value for each run.
 * Each trial has a process of its own, so that the compiler knows it alone; they take turns. Throws where outputs that
 * must be equal are not.
 *
 * With `steady` each run has a new process, and only what comes after its beginning counts: V8 forgets the shapes of a
 * pipeline's objects once it is gone, and code that knew them is slow in all runs that follow in the same process.
 */
export async function compareTrials<Names extends string>(
  names: readonly Names[],
  size: number,
  rounds: Rounds,
  { sameOutput, measured = 'run' }: { readonly sameOutput: boolean; readonly measured?: 'run' | 'cpu' | 'steady' },
): Promise<Record<Names, number[]>> {
  const children = new Map<Names, Child>()
  const isSteady = measured === 'steady' && rounds.quick !== true
  try {
    if (rounds.quick === true) {
      const one = startTrials(names, size)
      for (const name of names) children.set(name, one)
    } else if (sameOutput || !isSteady) {
      for (const name of names) children.set(name, startTrials([name], size))
    }
    if (sameOutput) await checkOutputs(children)
    const run = (name: Names): Promise<number> =>
      isSteady ? steady(name, size) : children.get(name)!.ask<number>(measured, name)
    const contestants = Object.fromEntries(names.map((name) => [name, { run: () => run(name) }])) as Record<
      Names,
      { run(): Promise<number> }
    >
    return await interleave(contestants, rounds)
  } finally {
    await Promise.all([...children.values()].map((child) => child.stop()))
  }
}

const startTrials = (names: readonly string[], size: number): Child =>
  startChild(new URL('./processes/trial.ts', import.meta.url), [String(size), ...names], ['--expose-gc'])

async function steady(name: string, size: number): Promise<number> {
  const child = startTrials([name], size)
  try {
    return await child.ask<number>('steady', name)
  } finally {
    await child.stop()
  }
}

async function checkOutputs(children: ReadonlyMap<string, Child>): Promise<void> {
  let first: { readonly name: string; readonly digest: string } | undefined
  for (const [name, child] of children) {
    const digest = await child.ask<string>('check', name)
    first ??= { name, digest }
    if (digest !== first.digest) throw new Error(`the output of "${name}" is not that of "${first.name}"`)
  }
}
