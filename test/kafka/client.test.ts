import { inject } from 'vitest'
import { clientSuite } from '../src/kafka/clientSuite.ts'
import { realFixture } from './fixture.ts'

clientSuite('the client on a real broker', () => realFixture(inject('brokers')))
