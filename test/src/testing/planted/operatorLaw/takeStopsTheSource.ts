import { takeStopsTheSource } from 'wallarx/testing'
import { numbers, type Planted } from '../planted.ts'
import { raw, passOn, rightOperators } from './operators.ts'

export const planted: Planted[] = [
  {
    law: 'takeStopsTheSource',
    bug: 'an operator that does not stop a synchronous source',
    check: (options) =>
      takeStopsTheSource(
        raw((source, subscriber) => source.subscribe(passOn(subscriber))),
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'takeStopsTheSource',
    bug: 'an operator that does not stop any source',
    check: (options) =>
      takeStopsTheSource(
        raw((source, subscriber) => {
          source.subscribe(passOn(subscriber))
          return undefined
        }),
        { messages: numbers, ...options },
      ),
  },
]

export const right = rightOperators.map(({ name, build }): Planted => ({
  law: 'takeStopsTheSource',
  bug: name,
  check: (options) => takeStopsTheSource(build, { messages: numbers, ...options }),
}))
