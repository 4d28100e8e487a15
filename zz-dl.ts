import { createTrial } from './test/bench/trials.ts'
const t = createTrial(process.argv[2]!, 50_000)
for (let n = 0; n < 12; n++) { globalThis.gc?.(); const s = process.cpuUsage(); await t.run(); const { user, system } = process.cpuUsage(s); console.log(process.argv[2], ((user + system) / t.messages).toFixed(2), 'us') }
