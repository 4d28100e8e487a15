import type { Clock } from '../base/clock.ts'
import { createHolds, type Holds } from '../context/backPressure.ts'

type Pipelines = ReadonlyMap<string, { hold(name: string): () => void }>

/** Holds all pipelines; the result releases them. */
export function holdAll(pipelines: Pipelines, name: string): () => void {
  const releases = [...pipelines.values()].map((pipeline) => pipeline.hold(name))
  return () => {
    for (const release of releases) release()
  }
}

/** For what stands behind all pipelines: a hold there is one in each. */
export function holdsOfAll(pipelines: Pipelines, clock: Clock): Holds {
  const own = createHolds(clock)
  return {
    ...own,
    get held() {
      return own.held
    },
    take(name) {
      const [releaseOwn, releaseAll] = [own.take(name), holdAll(pipelines, name)]
      return () => {
        releaseAll()
        releaseOwn()
      }
    },
  }
}
