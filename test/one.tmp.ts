
import { simulateCluster } from '../src/testing/cluster/simulateCluster.ts'
import { playOnCluster } from '../src/testing/cluster/playOnCluster.ts'
import type { ClusterEvent } from '../src/testing/cluster/disturbance.ts'
import { account as key } from './src/testing/kafka/programs.ts'
import { toMulti } from '../operators/index.ts'
const events: ClusterEvent<any>[] = [
      {"disturbance":"slow replies","worker":1,"calls":7,"milliseconds":1},
      {"disturbance":"slow replies","worker":1,"calls":1,"milliseconds":798},
      {"disturbance":"leave","worker":3},
      { message: [18223424118290751668n,0] },
      {"disturbance":"freeze","worker":2,"call":1,"done":false,"milliseconds":1107},
      { message: [18223424118290751669n,0] },
      { message: [721034114553519023n,0] },
      { message: [18223424118290751669n,0] },
      { message: [9000052081435975860n,0] },
      { message: [721034114553519023n,0] },
      { message: [9000052081435975860n,0] },
      { message: [18223424118290751669n,0] },
      { message: [18223424118290751669n,0] },
      { message: [9000052081435975860n,0] },
      { message: [721034114553519023n,1] },
      {"disturbance":"pause","milliseconds":1122},
      {"disturbance":"leave","worker":1},
      { message: [18223424118290751669n,0] },
      { message: [18223424118290751668n,0] },
      {"disturbance":"pause","milliseconds":600},
      { message: [721034114553519023n,0] },
      { message: [18223424118290751668n,0] },
    ]
    
const build = () => toMulti(([account, page]: any) => Array.from({ length: page }, (_, at) => `${account}: ${at + 1} of ${page}`))
const options = { workers: 4, groupProtocol: 'consumer', seed: 690181, sessionTimeout: 500, key } as const
const cluster = await simulateCluster(build, options)
await playOnCluster(cluster, events)
console.log(cluster.outputs()); console.log(cluster.log().join('\n'))
process.exit(0)
