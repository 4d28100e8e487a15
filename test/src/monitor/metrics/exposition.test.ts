import fc from 'fast-check'
import { register } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { createExposition } from '../../../../src/monitor/metrics/exposition.ts'
import type { Seen } from '../../../../src/monitor/metrics/family.ts'
import { histogramBounds } from '../../../../src/monitor/monitored.ts'
import { parsePrometheusText } from '../../../support/prometheusText.ts'
import { node, observed, opened, wholeReport } from '../observed.ts'

const { measured } = observed()
const whole: Seen = { report: wholeReport, histograms: measured }
const scrape = async (seen: Seen, accept = ''): Promise<string> =>
  (await createExposition(seen.report.application, seen.report.worker)(seen, accept)).text

const familiesOf = (text: string) => new Map(parsePrometheusText(text).map((one) => [one.name, one]))

const names = [
  ...[
    'messages_in_total',
    'messages_out_total',
    'bytes_total',
    'step_seconds',
    'latency_seconds',
    'dead_letters_total',
  ],
  ...['errors_total', 'hold_seconds_total', 'holds', 'in_flight', 'buffer_used', 'buffer_high_water_mark'],
  ...['checkpoints_total', 'checkpoint_seconds', 'checkpoint_entities_total', 'checkpoint_bytes_total'],
  ...['checkpoint_age_seconds', 'journal_bytes', 'entities', 'entities_stored', 'event_loop_delay_seconds'],
  ...['resident_bytes', 'ready', 'shards_owned', 'shards_restoring', 'lag_records', 'transactions_total'],
  ...['packs_total', 'rejoins_total', 'watermark_seconds'],
].map((name) => `wallarx_${name}`)

describe('the text for Prometheus', () => {
  test('has every metric, as an independent parser reads it', async () => {
    const text = await scrape(whole)
    const families = familiesOf(text)
    expect([...families.keys()].sort()).toEqual([...names].sort())
    for (const { help, metrics } of families.values()) {
      expect(help).not.toBe('')
      expect(metrics.length).toBeGreaterThan(0)
    }
    const shared = { application: 'Word Count', worker: 'a' }
    const samplesOf = (name: string) => families.get(`wallarx_${name}`)!.metrics
    expect(samplesOf('messages_in_total')).toContainEqual({
      labels: { pipeline: 'Split and Count', step: 'count', ...shared },
      value: '3',
    })
    expect(samplesOf('hold_seconds_total')).toEqual([
      { labels: { pipeline: 'Split and Count', hold: 'out', ...shared }, value: '1.5' },
    ])
    expect(samplesOf('checkpoint_age_seconds')).toEqual([{ labels: shared, value: '1' }])
    expect(samplesOf('ready')).toEqual([{ labels: shared, value: '1' }])
    const labels = '{pipeline="Split and Count",step="count",application="Word Count",worker="a"}'
    expect(text).toContain(`wallarx_step_seconds_sum${labels} 1.5\nwallarx_step_seconds_count${labels} 30\n`)
    const { buckets } = samplesOf('step_seconds')[0]!
    expect(Object.keys(buckets!)).toHaveLength(histogramBounds.length + 1)
    expect(buckets).toMatchObject({
      '0.000001': '0',
      '0.000002': '1',
      '0.001': '9',
      '5': '20',
      '10': '21',
      '+Inf': '30',
    })
  })

  test('says of labels what they are, whatever is in them', async () => {
    const text = fc.oneof(
      fc.string({ unit: fc.constantFrom('"', '\\', '\n', ',', ':', '{', '}', '=', ' ', 'a', 'n') }),
      fc.string({ unit: 'grapheme' }),
    )
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(text, text), { selector: (one) => JSON.stringify(one) }),
        async (pairs) => {
          const pipelines = pairs.map(([pipeline, step], at) => ({
            ...wholeReport.pipelines[0]!,
            name: pipeline,
            nodes: [node(step, { in: at })],
          }))
          const text = await scrape({ ...whole, report: { ...wholeReport, pipelines } })
          const found = familiesOf(text).get('wallarx_messages_in_total')?.metrics ?? []
          expect(found.map(({ labels, value }) => [labels!.pipeline, labels!.step, value])).toEqual(
            pairs.map(([pipeline, step], at) => [pipeline, step, String(at)]),
          )
          expect(text.split('\n').filter((line) => line.startsWith('wallarx_messages_in_total{'))).toHaveLength(
            pairs.length,
          )
        },
      ),
    )
  })

  test('leaves out what there is not, and what is no number', async () => {
    const { checkpoints: _, cluster: __, worker: ___, ...alone } = wholeReport
    const process = { ...wholeReport.process, resident: NaN }
    const text = await scrape({
      report: { ...alone, process, journals: [] },
      histograms: { steps: [], pipelines: [] },
    })
    expect(text).not.toMatch(/NaN|undefined|worker=/i)
    expect(familiesOf(text).get('wallarx_checkpoints_total')?.metrics ?? []).toEqual([])
  })

  test('is of a registry of its own', async () => {
    await scrape(whole)
    expect(register.getMetricsAsArray()).toEqual([])
  })
})

describe('OpenMetrics', () => {
  test('is for who asks for it, as Prometheus does', async () => {
    const { get } = await opened()
    const typeFor = async (accept: string) => (await get('/metrics', { headers: { accept } })).headers['content-type']
    const [plain, open] = [
      'text/plain; version=0.0.4; charset=utf-8',
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    ]
    const prometheus =
      'application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
      'text/plain;version=0.0.4;q=0.3,*/*;q=0.1'
    expect(await typeFor(prometheus)).toBe(open)
    expect(await typeFor('application/openmetrics-text')).toBe(open)
    for (const accept of [
      '',
      '*/*',
      'text/plain',
      'application/openmetrics-text;q=0',
      'text/plain,application/openmetrics-text;q=0.5',
    ]) {
      expect(await typeFor(accept), accept).toBe(plain)
    }
  })

  test('keeps to its grammar', async () => {
    const text = await scrape(whole, 'application/openmetrics-text')
    expect(text.endsWith('\n# EOF\n')).toBe(true)
    let family = ''
    let type = ''
    const seen = new Set<string>()
    for (const line of text.split('\n').slice(0, -2)) {
      expect(line).not.toBe('')
      const [, keyword, name, rest] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
      if (keyword === 'HELP') {
        expect(seen).not.toContain(name)
        seen.add((family = name!))
      } else if (keyword === 'TYPE') {
        expect(name).toBe(family)
        expect(name).not.toMatch(/_total$/)
        type = rest!
      } else {
        const suffix = { counter: '_total', gauge: '', histogram: '_(?:bucket|sum|count)' }[type]!
        expect(line).toMatch(new RegExp(`^${family}${suffix}\\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\\} [0-9.e+-]+$`))
      }
    }
    expect(seen.size).toBe(names.length)
  })

  test('gives several who scrape at once their own', async () => {
    const expose = createExposition('a', undefined)
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, resident) =>
        expose({ ...whole, report: { ...wholeReport, process: { ...wholeReport.process, resident } } }, ''),
      ),
    )
    expect(all.map(({ text }) => /^wallarx_resident_bytes\{.*\} (\d+)$/m.exec(text)?.[1])).toEqual(
      Array.from({ length: 20 }, (_, resident) => String(resident)),
    )
  })
})
