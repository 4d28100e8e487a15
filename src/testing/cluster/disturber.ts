import type { End } from '../kafka/process/call.ts'
import type { Simulation } from '../kafka/simulation.ts'
import type { AtCall, Disturbance } from './disturbance.ts'
import type { SimulatedWorker } from './worker.ts'

export interface DisturberOptions {
  readonly simulation: Simulation
  /** The workers that are there. */
  readonly present: () => readonly SimulatedWorker[]
  /** Starts a worker, of a new name unless it is given. */
  readonly start: (name?: string) => void
}

/** Lets things happen to the workers of a simulation. */
export function createDisturber({ simulation, present, start }: DisturberOptions): {
  disturb(disturbance: Disturbance): void
} {
  const { broker } = simulation

  /** Now, or when the worker makes a call. */
  const when = (worker: SimulatedWorker, { call, done = false }: AtCall, what: End): void => {
    if (call > 0 || done) worker.at(call, done ? { after: what } : { before: what })
    else if (what === 'kill') worker.process.kill()
    else worker.process.freeze(what.freeze)
  }

  const happenTo = (worker: SimulatedWorker, what: Disturbance): void => {
    switch (what.disturbance) {
      case 'leave':
        worker.leave()
        break
      case 'kill':
        when(worker, what, 'kill')
        break
      case 'restart':
        worker.process.onKill = () => {
          start(worker.name)
        }
        when(worker, what, 'kill')
        break
      case 'freeze':
        when(worker, what, { freeze: what.milliseconds })
        break
      case 'slow replies':
        for (let call = 0; call < what.calls; call++) worker.at(call, { slow: what.milliseconds })
        break
      case 'lost reply':
        worker.at(what.call, { lost: true })
        break
      case 'eviction':
        for (const group of broker.groups()) broker.evict(group, worker.name)
        break
      case 'expiry':
        broker.transactions.expire(worker.transactionalId)
        break
    }
  }

  return {
    disturb(what) {
      if (what.disturbance === 'join') start()
      else if (what.disturbance === 'broker restart') broker.restart(what.milliseconds)
      else if (what.disturbance !== 'pause') {
        const all = present()
        const worker = all[what.worker % all.length]
        if (worker !== undefined) happenTo(worker, what)
      }
    },
  }
}
