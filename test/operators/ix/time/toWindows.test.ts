import { checklist } from '../../checklist.ts'
import { ix } from '../twin.ts'

checklist('toWindows', ix)
