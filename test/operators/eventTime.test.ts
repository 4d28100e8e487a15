import { checklist } from './checklist.ts'
import { rx } from './twin.ts'

checklist('eventTime', rx)
