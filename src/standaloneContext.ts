import { createBridged } from './bridged.ts'
import { currentContext, type Context } from './context.ts'
import { createEntities } from './entities.ts'
import { createHolds } from './holds.ts'
import { inUse, openUnder } from './statePartition.ts'

const never = new AbortController().signal
const ignore = (): void => undefined
const unwatchedSource = {
  restored: undefined,
  opened: ignore,
  positionFrom: ignore,
  onCheckpoint: ignore,
  passesOn: ignore,
  ended: ignore,
}
const unwatchedSink = { restored: undefined, flushWith: ignore, closed: ignore }
const unwatchedInside = { entered: ignore, left: ignore }

/** The present context, or one that stands alone: its own entities and holds, errors on the error channel, no stop. */
export function presentContext(): Context {
  return currentContext() ?? standaloneContext()
}

export function standaloneContext(): Context {
  const entities = createEntities()
  return {
    pipeline: undefined,
    holds: createHolds(),
    stopping: never,
    entities: (partition) => {
      if (partition[openUnder] !== undefined) throw inUse(partition)
      return entities.of(partition)
    },
    onCut: () => () => undefined,
    patience: Infinity,
    reject: () => false,
    failing: ignore,
    spoilt: ignore,
    lettingGo: ignore,
    warn: (event) => {
      process.emitWarning(event, 'WallarxWarning')
    },
    info: ignore,
    addSource: () => unwatchedSource,
    addSink: () => unwatchedSink,
    inside: unwatchedInside,
    bridged: createBridged(unwatchedInside),
  }
}
