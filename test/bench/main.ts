import { writeFile } from 'node:fs/promises'
import compilePrograms from '../support/programs.ts'
import type { BenchResult } from './bench.ts'
import { benches } from './benches/index.ts'
import { help, readCommandLine, type CommandLine } from './commandLine.ts'
import { environment } from './environment.ts'
import { judge } from './judge.ts'
import { table } from './table.ts'

try {
  const commandLine = readCommandLine(process.argv.slice(2), benches)
  if (commandLine.help) console.log(help(benches))
  else await measure(commandLine)
} catch (error) {
  console.error(error instanceof TypeError ? `bench: ${error.message}` : error)
  process.exitCode = 1
}

async function measure({ names, quick, options, json }: CommandLine): Promise<void> {
  await compilePrograms()
  const where = environment()
  console.log(`${where.cpu}, ${where.cores} cores, ${where.memory}; Node ${where.node}; ${where.date}`)
  console.log(
    quick ? 'quick: the numbers mean nothing\n' : `median of ${options.runs} runs, with the farthest run from it\n`,
  )
  const results: Record<string, BenchResult> = {}
  for (const bench of benches) {
    if (names.length > 0 ? !names.includes(bench.name) : bench.onlyByName === true) continue
    console.log(`${bench.name}: ${bench.about}`)
    const result = await bench.measure(options)
    results[bench.name] = result
    console.log(`\n${table(result.measurements)}\n`)
    for (const note of result.notes) console.log(`- ${note}`)
    console.log('')
  }
  if (json !== undefined) {
    const report = Object.entries(results).map(([bench, { measurements, notes }]) => ({
      bench,
      measurements: measurements.map((measurement) => ({ ...measurement, ...judge(measurement) })),
      notes,
    }))
    await writeFile(json, `${JSON.stringify({ ...where, options, benches: report }, undefined, 2)}\n`)
  }
}
