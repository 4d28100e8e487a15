import type { PipelineClock, Sleeper, TimeRegister, Turn, Watermark } from '../time.ts'
import type { StatePartition } from '../../state/statePartition.ts'
import { ClockSet } from './clockSet.ts'

/** The part of a context that is about time. */
export interface ContextTime {
  readonly register: TimeRegister
  /** The clocks directly upstream of the step that made this context, as far as they are found by subscription. */
  readonly clocks: ClockSet
  /** What all contexts of one pipeline share. */
  readonly pipeline: PipelineTime
  /**
   * Tells the nearest `eventTime` downstream of an origin that is there and has had no message yet: it holds the
   * watermark, so that whoever is read first does not make the others late. Absent: there is no `eventTime`.
   */
  readonly awaits?: ((origin: string) => void) | undefined
  /** The same of those that there will be of one source, at whichever worker. */
  readonly foresees?: ((origins: readonly string[]) => void) | undefined
  /** What shards downstream know as the origin of what is emitted here. Absent: they know it by its own */
  readonly heardAs?: string
}

/** Nothing is being handed over. */
export const createRegister = (): TimeRegister => ({
  origin: undefined,
  arrival: NaN,
  time: NaN,
  clock: undefined,
  heard: undefined,
  upTo: -Infinity,
})

export const createContextTime = (worker?: TimeWorker): ContextTime => ({
  register: createRegister(),
  clocks: new ClockSet(),
  pipeline: new PipelineTime(worker),
})

/** The worker of a cluster that a pipeline runs at. */
export interface TimeWorker {
  readonly name: string
  /** It goes on with its own sources when it is started again. */
  readonly comesBack: boolean
}

/** The clocks of one pipeline, and the steps that live by them. */
export class PipelineTime {
  /** Somebody asks what time it is. Nothing is written into the register before. */
  used = false
  /** Chunks that are being handed over, one inside the other. */
  depth = 0
  /** How many have been. */
  chunks = 0
  readonly clocks = new ClockSet()
  /** The most downstream first. */
  readonly #sleepers: Sleeper[] = []
  readonly #sources = new Set<string>()
  readonly #opening = new Set<string>()
  /** Origins that have ended, and of which messages are still kept somewhere. */
  readonly #ending = new Set<string>()
  /** Origins of the sources that workers share, of each source. */
  readonly #groups: (readonly string[])[] = []
  /** Those of them that are at this worker. */
  readonly #present = new Set<string>()
  /** Of clocks. */
  readonly #names = new Set<string>()
  readonly #partitions = new Map<string, StatePartition<never, unknown>>()
  #again = false
  /** Absent: it is no cluster. */
  readonly worker: TimeWorker | undefined
  /** Sources that workers share. */
  #shared = 0

  constructor(worker?: TimeWorker) {
    this.worker = worker
  }

  /** Some sources are of this worker alone. */
  get hasOwnSources(): boolean {
    return this.#sources.size > this.#shared
  }

  /** Sources replay, or are not open yet: what happens now has happened before, at other times. */
  get opening(): boolean {
    return this.#opening.size > 0
  }

  /** A source begins; gives what its origins are called by, or begin with. */
  sourceBegins(name: string): string {
    let origin = name
    for (let nth = 2; this.#sources.has(origin); nth++) origin = `${name}#${nth}`
    this.#sources.add(origin)
    this.#opening.add(origin)
    this.#ending.delete(origin)
    return origin
  }

  /** `ephemeral`: its origins are connections, which are others after a start. */
  sourceOpened(source: string, ephemeral: boolean): void {
    if (!this.#opening.delete(source)) return
    if (ephemeral) for (const clock of this.clocks.clocks) clock.connectionsOver?.(source)
    this.settle()
    // Others may be subscribed to next.
    queueMicrotask(() => {
      if (this.opening) return
      for (const clock of this.clocks.clocks) clock.allOpened?.(this.#sources)
      this.settle()
    })
  }

  /** `stopped`: by a stop, so that it may go on later. */
  sourceEnded(source: string, stopped: boolean): void {
    this.#sources.delete(source)
    this.#opening.delete(source)
    if (!stopped) this.originEnded(source)
  }

  /** Nothing more comes of this origin, or of any whose name begins with it and a slash. */
  originEnded(origin: string): void {
    this.#ending.add(origin)
    this.#endOrigins()
    this.settle()
  }

  /** Those of which an asynchronous step keeps a message end when that has come out. */
  #endOrigins(): void {
    for (const origin of this.#ending) {
      if (this.#sleepers.some((sleeper) => sleeper.keeps?.(origin) === true)) continue
      this.#ending.delete(origin)
      for (const clock of this.clocks.clocks) clock.originEnded?.(origin)
    }
  }

  /** There will be these origins, at whichever worker: of a source, or of a step. */
  foresee(origins: readonly string[], ofSource: boolean): void {
    this.#groups.push(origins)
    if (ofSource) this.#shared++
  }

  /** Those of the same source, and which of them are here. */
  foreseenWith(origin: string): { readonly all: readonly string[]; readonly here: readonly string[] } | undefined {
    const all = this.#groups.find((group) => group.includes(origin))
    return all && { all, here: all.filter((one) => this.#present.has(one)) }
  }

  /** Something is read of this origin from now on: it may have been somewhere else. */
  originComes(origin: string): void {
    this.#present.add(origin)
    for (const clock of this.clocks.clocks) clock.originComes?.(origin)
  }

  /** Another worker has it from now on. */
  originGoes(origin: string): void {
    this.#present.delete(origin)
    for (const clock of this.clocks.clocks) clock.originGoes?.(origin)
    this.settle()
  }

  /** Gives an `eventTime` that begins a name that no other one has; to be given back. */
  clockBegins(name: string): string {
    let unique = name
    for (let nth = 2; this.#names.has(unique); nth++) unique = `${name}#${nth}`
    this.#names.add(unique)
    return unique
  }

  clockEnded(name: string): void {
    this.#names.delete(name)
  }

  /** The state partition of this name, which is made once. */
  partition<State>(
    name: string,
    make: (name: string) => StatePartition<unknown, State>,
  ): StatePartition<unknown, State> {
    let partition = this.#partitions.get(name)
    if (partition === undefined) this.#partitions.set(name, (partition = make(name) as StatePartition<never, unknown>))
    return partition as StatePartition<unknown, State>
  }

  /** Of each `eventTime`, as far as something is known. */
  watermarks(): Watermark[] {
    return this.clocks.clocks.flatMap(({ name, watermark, holder, ended }) =>
      name === undefined || ended
        ? []
        : {
            name,
            ...(Number.isFinite(watermark) && { at: watermark }),
            ...(holder !== undefined && { heldBy: holder }),
          },
    )
  }

  addClock(clock: PipelineClock): void {
    this.used = true
    this.clocks.add(clock)
  }

  /** A step begins. What is downstream of it has begun before. `asks`: what time it is. */
  addSleeper(sleeper: Sleeper, asks = true): void {
    this.used ||= asks
    this.#sleepers.push(sleeper)
  }

  removeSleeper(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper)
    if (at >= 0) this.#sleepers.splice(at, 1)
  }

  /** A clock that held nobody is about to hold. */
  remember(): void {
    for (const sleeper of this.#sleepers) sleeper.remember?.()
  }

  /** Those that have begun since the last call are called by turns of this step. */
  claim(turn: Turn): void {
    for (let at = this.#sleepers.length - 1; at >= 0 && this.#sleepers[at]!.turn === undefined; at--) {
      this.#sleepers[at]!.turn = turn
    }
  }

  /** Wakes the steps for which the time has come, unless a chunk is under way: they are woken after it. */
  settle(): void {
    if (!this.used) return
    if (this.depth > 0) {
      this.#again = true
      return
    }
    this.depth++
    try {
      do {
        this.#again = false
        if (this.#ending.size > 0) this.#endOrigins()
        // No copy, since a message may be a chunk: one that ends meanwhile lets another look twice, which does nothing.
        for (let at = this.#sleepers.length - 1; at >= 0; at--) this.#sleepers[at]?.look()
      } while (this.#again)
    } finally {
      this.depth--
    }
  }
}
