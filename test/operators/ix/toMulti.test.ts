import { asynchronousSteps } from '../asynchronousSteps.ts'
import { checklist } from '../checklist.ts'
import { ix } from './twin.ts'

checklist('toMulti', ix)
asynchronousSteps('toMulti', ix)
