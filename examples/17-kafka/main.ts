import { parseArgs } from 'node:util'
import { countOnKafka } from './onKafka.ts'
import { countSimulated } from './simulated.ts'

const help = `Word count on many workers over Kafka: simulated, or one worker on a real one.

  npm run example -- 17-kafka [--brokers HOST:PORT --in TOPIC --out TOPIC]

Without --brokers: three workers on a Kafka in memory; one is killed, another one joins, and it is shown who owns which
shard. With it: one worker, until Ctrl-C; start three, and kill one.

  --brokers B  addresses of a Kafka; wants the package @confluentinc/kafka-javascript
  --in TOPIC   lines of text (lines)
  --out TOPIC  their words, each with its count (words)`

const { values } = parseArgs({
  options: {
    brokers: { type: 'string' },
    in: { type: 'string', default: 'lines' },
    out: { type: 'string', default: 'words' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) console.log(help)
else if (values.brokers === undefined) await countSimulated()
else await countOnKafka({ brokers: values.brokers, lines: values.in, words: values.out })
