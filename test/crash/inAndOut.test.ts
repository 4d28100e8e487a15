import { crashes } from './crashes.ts'

crashes([
  ['market-spread', 2],
  ['sequence-window', 2],
  ['alerts', 2],
  ['follow', 2],
  ['acknowledged', 2],
])
