import fc from 'fast-check'
import { test } from 'vitest'
import { workersThrough } from '../src/testing/pipelineLaw/workersDoNotMatter.ts'
import { account, notes, turning } from './src/testing/kafka/programs.ts'
import { mutants } from './src/testing/kafka/mutants.ts'
fc.configureGlobal({ endOnFailure: true })
test('all', async () => {
  for (const [name, mutant] of Object.entries(mutants).filter(([n]) => process.env.ONLY ? n.includes(process.env.ONLY) : true)) {
    const found: string[] = []
    const t = performance.now()
    for (const seed of [1, 2, 3, 4]) {
      let current = mutant()
      const input = notes.map((all) => { current = mutant(); return all })
      found.push(await workersThrough((...g) => current(...g), turning, { input, key: account, seed, runs: 200 }).then(() => '-', (e) => String(e.message.match(/in run (\d+)/)?.[1])))
    }
    console.log(name, found.join(' '), Math.round(performance.now() - t))
  }
}, 300000)
