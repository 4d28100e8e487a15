/* A pipeline on several workers, driven by hand. */

import type { DeadLetter } from '../../context/deadLetter.ts'
import type { Key } from '../../key/key.ts'
import type { RunOptions, RunStatus } from '../../run/contract.ts'
import type { Disturbance } from './disturbance.ts'

/** How a pipeline is run on workers under test. */
export interface SimulateClusterOptions<In> {
  /** How many workers there are at first. Default: 3 */
  readonly workers?: number | undefined
  /** As for `kafka`. Default: 4 */
  readonly shards?: number | undefined
  /** What happens when, the same for the same number. Default: 1 */
  readonly seed?: number | undefined
  /** Whose message it is: those of one key come in order. Default: all messages come in order */
  readonly key?: ((message: In) => Key) | undefined
  /** As for `run`. Default: `'stop'` */
  readonly onError?: RunOptions['onError'] | undefined
  /** As for `kafka`. Default: `'classic'` */
  readonly groupProtocol?: 'classic' | 'consumer' | undefined
  /** In milliseconds, as for `kafka`. Default: 1,000 */
  readonly sessionTimeout?: number | undefined
}

/** A pipeline on several workers. Time passes only while one of these calls is awaited. */
export interface ClusterDriver<In, Out> extends AsyncDisposable {
  /** Writes messages to the topic that the workers read. */
  send(...messages: In[]): void
  /** Lets something happen. Without effect where there is no worker that it could happen to. */
  disturb(disturbance: Disturbance): void
  /** Lets so much time pass, in milliseconds. Rejects with what a worker failed with. */
  advance(milliseconds: number): Promise<void>
  /**
   * Lets time pass until everything sent is processed and committed, and no worker is frozen any more. Rejects with
   * what a worker failed with, and where there is no worker, or no end.
   */
  settle(): Promise<void>
  /** What is committed, as a consumer sees it that reads only that. */
  outputs(): Out[]
  /** The same, apart for each key. */
  outputsBy<By>(key: (output: Out) => By): Map<By, Out[]>
  /** The workers that are there, by name. */
  workers(): Record<string, RunStatus>
  /** All there were, of all workers. Where a transaction was aborted, the same one comes again. */
  deadLetters(): DeadLetter[]
  /** What the workers logged, each line with the time and the name of the worker. */
  log(): string[]
  /** Virtual time, in milliseconds. */
  readonly now: number
  /** Lets go of everything. Idempotent. */
  close(): Promise<void>
}

/** Nobody is there any more to process what was sent. */
export class NoWorker extends Error {
  override readonly name = 'NoWorker'

  constructor() {
    super('no worker is there to process what was sent')
  }
}
