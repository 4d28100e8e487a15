import { join } from 'node:path'
import type { Observable } from 'rxjs'
import { journaled, statePartition, type JournaledOptions, type StateResult } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { openJournalLog } from '../../../src/journal/log.ts'
import { temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'

export const text = (bytes: Buffer): string => bytes.toString()
export const frames = (...texts: string[]): Buffer[] => texts.map((one) => Buffer.from(one))
export const newDirectory = (): string => join(temporaryFolder(), 'journal')

export const counts = () =>
  statePartition('counts', { key: (message: string) => message.charCodeAt(0), build: () => ({ count: 0 }) })
export const count = (message: string, state: { count: number }): StateResult<string> => [
  `${message} ${++state.count}`,
  true,
]

/** The payloads of a journal that nobody has open. */
export async function inJournal(directory: string): Promise<string[]> {
  const log = await openJournalLog({ directory })
  const found: string[] = []
  for await (const records of log.read(log.start)) {
    records.forEach((bytes, start, end) => found.push(bytes.toString('utf8', start, end)))
  }
  await log.close()
  return found
}

export const journalAndCollect = (source: Observable<Buffer>, options: JournaledOptions) => {
  const sink = collect<string>()
  return { sink, pipelines: { pipeline: journaled(source, options).pipe(decode(text), toSink(sink)) } }
}

/** Rejects with what the run fails with, while it opens or later. */
export async function runToEnd(options: Parameters<typeof runForTest>[0]): Promise<void> {
  const { app } = await runForTest(options)
  await app.closed
}
