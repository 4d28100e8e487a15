export { Breach } from './breach.ts'
export { checkLaw, type Law, type LawOptions } from './law.ts'
