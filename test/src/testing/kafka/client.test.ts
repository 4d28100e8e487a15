import { createSimulatedClient } from '../../../../src/testing/kafka/client/client.ts'
import { createSimulation } from '../../../../src/testing/kafka/simulation.ts'
import { clientSuite } from '../../kafka/clientSuite.ts'
import type { ClientFixture } from '../../kafka/suite/trial.ts'

let seeds = 0

/** A broker of its own, in virtual time, which passes while the test waits. */
function simulatedFixture(): Promise<ClientFixture> {
  const simulation = createSimulation(++seeds)
  let isClosed = false
  void simulation.run(() => isClosed)
  return Promise.resolve({
    client: () => createSimulatedClient(simulation.process('test')),
    elapse: (milliseconds) =>
      new Promise((resolve) => {
        simulation.timeline.after(milliseconds, resolve)
      }),
    evict(group, client) {
      simulation.broker.evict(group, client)
      return Promise.resolve()
    },
    close() {
      isClosed = true
      return Promise.resolve()
    },
  })
}

clientSuite('the client of the broker in memory', simulatedFixture)
