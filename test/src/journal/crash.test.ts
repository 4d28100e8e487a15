/** A log whose process is killed, or whose disk is full or broken, in processes of their own, which run dist. */
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { segmentFileName } from '../../../src/journal/segment.ts'
import { temporaryFolder } from '../../support/files.ts'
import { startNode } from '../../support/processes.ts'
import { noSmallDisk, smallDisk } from '../../support/smallDisk.ts'
import { contentOf, segmentFiles, type KnownRecord } from './logs.ts'

/** A program that appends numbered records, batch after batch, and prints the last number of each when it is in. */
const appender = `
  import { writeSync } from 'node:fs'
  import { openJournalLog } from './dist/src/journal/log.js'
  const [directory, first, longest, options = '{}'] = process.argv.slice(1)
  const log = await openJournalLog({ directory, ...JSON.parse(options) })
  const batch = log.createBatch()
  const text = 'x'.repeat(Number(longest))
  let next = Number(first)
  let failure
  while (failure === undefined) {
    for (let size = next % 50; size >= 0; size--) {
      const bytes = Buffer.from(next + ' ' + text.slice(0, (next++ * 31) % (text.length + 1)))
      batch.add(bytes, 0, bytes.length)
    }
    try {
      log.append(batch)
      writeSync(1, (next - 1) + '\\n')
      if (next % 7 === 0) log.sync().catch((error) => (failure ??= error))
      if (next % 11 === 0) await new Promise(setImmediate)
    } catch (error) {
      failure = error
    }
  }
  const again = (() => { try { log.append(batch) } catch (error) { return error.message } })()
  await log.close()
  console.log(JSON.stringify({ code: failure.code, cause: failure.cause?.code, again }))
`

const numbersOf = (records: readonly KnownRecord[]): number[] => records.map(({ text }) => parseInt(text, 10))
const numbersTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, n) => n)

test('a process that is killed at any moment leaves every record whose append has returned, and no gap', async () => {
  const directory = temporaryFolder()
  let last = -1
  for (let round = 0; round < 10; round++) {
    const options = JSON.stringify({ segmentLength: 200_000 })
    const program = startNode(
      ...['--input-type=module', '--eval', appender, '--'],
      ...[directory, String(last + 1), '2000', options],
    )
    await program.until(() => program.stdout() !== '')
    await delay(Math.random() * 60)
    program.process.kill('SIGKILL')
    expect(await program.ended).toBe('SIGKILL')
    const printed = program.stdout().split('\n').slice(0, -1).map(Number)
    const { records, end } = await contentOf({ directory })
    expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
    expect(records.at(-1)!.positionAfter).toBe(end)
    expect(records.length - 1).toBeGreaterThanOrEqual(printed.at(-1)!)
    last = records.length - 1
  }
}, 60_000)

test.skipIf(process.platform === 'win32')(
  'a log that cannot grow says JOURNAL_FAILED, is unusable from then on, and opens with all that was appended',
  async () => {
    for (const longest of [100, 20_000]) {
      const directory = temporaryFolder()
      // The longest file a process may write stands for a full disk: a write is cut short there, the next one fails.
      const { stdout, stderr } = spawnSync(
        'bash',
        [
          ...['-c', 'ulimit -f 700 && exec "$@"', 'bash'],
          ...[process.execPath, '--input-type=module', '--eval', appender, '--'],
          ...[directory, '0', String(longest)],
        ],
        { encoding: 'utf8' },
      )
      const lines = stdout.trim().split('\n')
      expect(JSON.parse(lines.at(-1) ?? '{}'), stderr).toEqual({
        code: 'JOURNAL_FAILED',
        cause: 'EFBIG',
        again: expect.stringContaining('must be opened again') as unknown,
      })
      expect(statSync(segmentFiles(directory)[0]!.path).size).toBe(700 * 1024)
      const { records, cut } = await contentOf({ directory })
      expect(cut).toBeDefined()
      expect(records.length).toBeGreaterThan(Number(lines.at(-2)))
      expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
    }
  },
)

const inNode = [process.execPath, '--input-type=module', '--eval', appender, '--'] as const

test('a log on a disk that is full says JOURNAL_FAILED, and opens with all that was appended', async ({ skip }) => {
  skip(noSmallDisk !== undefined, noSmallDisk)
  for (const longest of [100, 20_000]) {
    const disk = smallDisk(700)
    const [file, ...args] = disk.command(...inNode, disk.directory, '0', String(longest))
    const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' })
    const lines = stdout.trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '{}'), stderr).toEqual({
      code: 'JOURNAL_FAILED',
      cause: 'ENOSPC',
      again: expect.stringContaining('must be opened again') as unknown,
    })
    const { records } = await contentOf({ directory: disk.kept })
    expect(records.length).toBeGreaterThan(Number(lines.at(-2)))
    expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
  }
})

test.for([
  ['a write', 'pwrite64'],
  ['a sync', 'fdatasync'],
] as const)(
  '%s that the disk answers with an error makes the log unusable, and it opens with all before',
  async ([, call], { skip }) => {
    const traceable = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0
    skip(!traceable, 'strace is not there or not allowed')
    const directory = temporaryFolder()
    // The system call really gives EIO, from the 5th on that comes to a file of the journal.
    const fault = [
      '-f',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-P',
      join(directory, segmentFileName(0)),
      '-e',
      `inject=${call}:error=EIO:when=5+`,
    ]
    const { stdout, stderr } = spawnSync('strace', [...fault, ...inNode, directory, '0', '1000'], { encoding: 'utf8' })
    const lines = stdout.trim().split('\n')
    expect(JSON.parse(lines.at(-1) ?? '{}'), stderr).toMatchObject({ code: 'JOURNAL_FAILED', cause: 'EIO' })
    const { records } = await contentOf({ directory })
    expect(records.length).toBeGreaterThan(Number(lines.at(-2)))
    expect(numbersOf(records)).toEqual(numbersTo(records.length - 1))
  },
)
