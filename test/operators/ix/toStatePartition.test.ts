import { checklist } from '../checklist.ts'
import { asynchronousStateSteps } from '../asynchronousStateSteps.ts'
import { stateSteps } from '../stateSteps.ts'
import { ix } from './twin.ts'

checklist('toStatePartition', ix)
stateSteps('toStatePartition', ix)
asynchronousStateSteps('toStatePartition', ix)
