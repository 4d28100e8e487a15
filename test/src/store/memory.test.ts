import { memoryStore } from '../../../src/store/memory.ts'
import { storeSuite } from './storeSuite.ts'

storeSuite('a store in memory', memoryStore)
