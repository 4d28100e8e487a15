import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { acknowledged } from './acknowledged.ts'
import { help, readCommandLine, type CommandLine, type Course } from './commandLine.ts'
import { stopsFor, type CourseOptions } from './course.ts'
import { damage } from './damage.ts'
import { writeMarket, writeNumbers, writeTransactions } from './exampleFiles.ts'
import { fileToFile, writeText, type FileProgram } from './fileToFile.ts'
import { followRotation } from './followRotation.ts'
import { kafkaWorkers } from './kafkaWorkers.ts'
import { showProgress } from './progress.ts'
import { createResult, Wrong, type Result } from './result.ts'
import { tcpToTcp } from './tcpToTcp.ts'

const fromFile =
  (program: FileProgram) =>
  (options: CourseOptions): Promise<void> =>
    fileToFile(program, options)

/** What takes longer for each line gets fewer. */
const fewLines = writeText(20_000)

const runCourse: Record<Course, (options: CourseOptions) => Promise<void>> = {
  file: fromFile({ program: 'examples/01-word-count/main.ts' }),
  ix: fromFile({ program: 'test/crash/pulledWordCount.ts', writeInput: fewLines }),
  time: fromFile({ program: 'test/crash/time/windowsAndTimers.ts', writeInput: fewLines }),
  join: fromFile({ program: 'test/crash/time/joined.ts', writeInput: fewLines }),
  'market-spread': fromFile({ program: 'examples/05-market-spread/main.ts', writeInput: writeMarket }),
  'sequence-window': fromFile({ program: 'examples/06-sequence-window/main.ts', writeInput: writeNumbers }),
  alerts: fromFile({ program: 'examples/07-alerts/main.ts', args: ['--stateful'], writeInput: writeTransactions }),
  follow: followRotation,
  tcp: tcpToTcp,
  acknowledged,
  damage,
  kafka: kafkaWorkers,
}

try {
  const commandLine = readCommandLine(process.argv.slice(2))
  if (commandLine.help) console.log(help)
  else await crash(commandLine)
} catch (error) {
  console.error(error instanceof TypeError ? `crash-test: ${error.message}\nTry --help.` : error)
  process.exitCode = 1
}

async function crash({ runs, damages, seed, courses }: CommandLine): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'wallarx-crash-'))
  let isWrong = false
  console.log(`${courses.some((course) => course !== 'damage') ? `${runs} kills each, ` : ''}seed ${seed}`)
  for (const course of courses) {
    const result = createResult()
    const own = join(directory, course)
    mkdirSync(own)
    const steps = course === 'damage' ? damages : runs
    const progress = showProgress(course, course === 'damage' || course === 'kafka' ? steps : steps + stopsFor(steps))
    const begin = performance.now()
    try {
      await runCourse[course]({ directory: own, seed, runs: steps, result, progress })
    } catch (error) {
      isWrong = true
      console.error(`\n${course}: ${error instanceof Wrong ? error.message : String((error as Error).stack)}`)
      process.exitCode = 1
    }
    console.log(summary(course, result, (performance.now() - begin) / 1000))
  }
  console.log(`seed ${seed}: ${isWrong ? `wrong; the files are in ${directory}` : 'nothing wrong'}`)
  if (!isWrong) rmSync(directory, { recursive: true })
}

function summary(course: Course, result: Result, seconds: number): string {
  const { runs, passes, kills, stops, lost, duplicated, repeated, damage } = result
  if (course === 'damage') {
    const counts = Object.entries(damage).map(([outcome, count]) => `${outcome} ${count}`)
    return `${course}: ${counts.join(', ')}, ${seconds.toFixed(0)} s`
  }
  if (course === 'kafka') {
    const { freezes, brokerKills, rejoins, outputs } = result
    return (
      `kafka: workers started ${runs}, kills ${kills}, freezes ${freezes}, stops ${stops}, kills of the broker ` +
      `${brokerKills}, rejoins ${rejoins}, counts ${outputs}, lost ${lost}, duplicated ${duplicated}, ` +
      `${seconds.toFixed(0)} s`
    )
  }
  const again = repeated > 0 ? `, repeated as at least once allows ${repeated}` : ''
  return (
    `${course}: runs ${runs}, kills ${kills}, stops ${stops}, complete passes ${passes}, ` +
    `lost ${lost}, duplicated ${duplicated}${again}, ${seconds.toFixed(0)} s`
  )
}
