import { describe, expect, test } from 'vitest'
import * as cuttingDoesNotMatter from './planted/operatorLaw/cuttingDoesNotMatter.ts'
import * as decodingUndoesEncoding from './planted/operatorLaw/decodingUndoesEncoding.ts'
import * as keysAreIndependent from './planted/operatorLaw/keysAreIndependent.ts'
import * as orderPerKeyIsKept from './planted/operatorLaw/orderPerKeyIsKept.ts'
import * as entitiesDoNotSeeEachOther from './planted/operatorLaw/entitiesDoNotSeeEachOther.ts'
import * as subscriptionsAreIndependent from './planted/operatorLaw/subscriptionsAreIndependent.ts'
import * as errorsComeOnce from './planted/operatorLaw/errorsComeOnce.ts'
import * as takeStopsTheSource from './planted/operatorLaw/takeStopsTheSource.ts'
import * as teardownHappensOnce from './planted/operatorLaw/teardownHappensOnce.ts'
import * as serdeLosesNothing from './planted/contractLaw/serdeLosesNothing.ts'
import * as storeKeepsWhatItIsGiven from './planted/contractLaw/storeKeepsWhatItIsGiven.ts'
import * as sourceObeysHolds from './planted/contractLaw/sourceObeysHolds.ts'
import * as sourceStopsWhenTold from './planted/contractLaw/sourceStopsWhenTold.ts'
import * as sourceLetsGo from './planted/contractLaw/sourceLetsGo.ts'
import * as sourceResumes from './planted/contractLaw/sourceResumes.ts'
import * as sinkHandsOverAll from './planted/contractLaw/sinkHandsOverAll.ts'
import * as sinkHoldsWhenBehind from './planted/contractLaw/sinkHoldsWhenBehind.ts'
import * as sinkAborts from './planted/contractLaw/sinkAborts.ts'
import * as disorderDoesNotMatter from './planted/timeLaw/disorderDoesNotMatter.ts'
import * as interleavingDoesNotMatter from './planted/timeLaw/interleavingDoesNotMatter.ts'
import * as timersAreExact from './planted/timeLaw/timersAreExact.ts'
import * as expiredEntitiesAreForgotten from './planted/timeLaw/expiredEntitiesAreForgotten.ts'
import * as joinIsExact from './planted/timeLaw/joinIsExact.ts'
import type { Planted } from './planted/planted.ts'

/** Of each law: things with a bug, and perhaps some without, as users would write them, not of our own operators. */
const laws: readonly { readonly planted: readonly Planted[]; readonly right?: Planted | readonly Planted[] }[] = [
  cuttingDoesNotMatter,
  decodingUndoesEncoding,
  keysAreIndependent,
  orderPerKeyIsKept,
  entitiesDoNotSeeEachOther,
  subscriptionsAreIndependent,
  errorsComeOnce,
  takeStopsTheSource,
  teardownHappensOnce,
  serdeLosesNothing,
  storeKeepsWhatItIsGiven,
  sourceObeysHolds,
  sourceStopsWhenTold,
  sourceLetsGo,
  sourceResumes,
  sinkHandsOverAll,
  sinkHoldsWhenBehind,
  sinkAborts,
  disorderDoesNotMatter,
  interleavingDoesNotMatter,
  timersAreExact,
  expiredEntitiesAreForgotten,
  joinIsExact,
]

describe.each(laws.flatMap(({ right = [] }) => right))('$law', ({ bug: thing, check }) => {
  test(`holds for ${thing}`, () => check({}))
})

describe.each(laws.flatMap(({ planted }) => planted))('$law', ({ law, bug, check }) => {
  test(`finds ${bug}`, async () => {
    await expect(check({ seed: 1 })).rejects.toMatchObject({ code: 'LAW_BROKEN', where: { law } })
  })
})
