import { crashes } from './crashes.ts'

crashes([
  ['market-spread', 2],
  ['sequence-window', 2],
  ['alerts', 1],
  ['follow', 1],
  ['acknowledged', 1],
])
