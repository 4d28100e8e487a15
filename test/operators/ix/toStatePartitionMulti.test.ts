import { checklist } from '../checklist.ts'
import { asynchronousStateSteps, stateSteps } from '../stateSteps.ts'
import { ix } from './twin.ts'

checklist('toStatePartitionMulti', ix)
stateSteps('toStatePartitionMulti', ix)
asynchronousStateSteps('toStatePartitionMulti', ix)
