/** One of those that are compared. */
interface Contestant {
  /** One run; resolves with what it measured. */
  run(): Promise<number>
}

export interface Rounds {
  /** Runs of each contestant before those that count. */
  readonly warmUps: number
  readonly runs: number
  /** Only to see that it works: nothing is warmed up, and nobody needs a process of its own. Default: `false` */
  readonly quick?: boolean
}

/** Runs A B C, A B C, …, so that what disturbs the machine for a while disturbs all of them; gives the runs of each. */
export async function interleave<Names extends string>(
  contestants: Readonly<Record<Names, Contestant>>,
  { warmUps, runs, quick }: Rounds,
): Promise<Record<Names, number[]>> {
  const all = Object.entries<Contestant>(contestants)
  const measured = Object.fromEntries(all.map(([name]) => [name, [] as number[]])) as Record<Names, number[]>
  for (let round = quick ? 0 : -warmUps; round < runs; round++) {
    for (const [name, contestant] of all) {
      const value = await contestant.run()
      if (round >= 0) measured[name as Names].push(value)
    }
  }
  return measured
}
