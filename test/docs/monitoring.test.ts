/** The dashboard and the alert rules: what they ask for can be asked, and is there. */
import { readFileSync } from 'node:fs'
import type { SyntaxNode } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'

/** The metrics there are, and the labels of each besides application and worker. */
const counters: Readonly<Record<string, readonly string[]>> = {
  wallarx_messages_in_total: ['pipeline', 'step'],
  wallarx_messages_out_total: ['pipeline', 'step'],
  wallarx_bytes_total: ['pipeline', 'step'],
  wallarx_dead_letters_total: ['pipeline', 'code'],
  wallarx_errors_total: ['pipeline'],
  wallarx_hold_seconds_total: ['pipeline', 'hold'],
  wallarx_checkpoints_total: [],
  wallarx_checkpoint_entities_total: [],
  wallarx_checkpoint_bytes_total: [],
  wallarx_transactions_total: [],
  wallarx_packs_total: [],
  wallarx_rejoins_total: [],
}
const gauges: typeof counters = {
  wallarx_holds: ['pipeline', 'hold'],
  wallarx_in_flight: ['pipeline'],
  wallarx_watermark_seconds: ['pipeline', 'step'],
  wallarx_buffer_used: ['pipeline', 'step'],
  wallarx_buffer_high_water_mark: ['pipeline', 'step'],
  wallarx_checkpoint_age_seconds: [],
  wallarx_journal_bytes: ['journal'],
  wallarx_entities: ['partition'],
  wallarx_entities_stored: ['partition'],
  wallarx_event_loop_delay_seconds: ['quantile'],
  wallarx_resident_bytes: [],
  wallarx_ready: [],
  wallarx_shards_owned: ['partition'],
  wallarx_shards_restoring: ['partition'],
  wallarx_lag_records: ['topic'],
}
const histograms: typeof counters = {
  wallarx_step_seconds: ['pipeline', 'step'],
  wallarx_latency_seconds: ['pipeline'],
  wallarx_checkpoint_seconds: [],
}

/** What a scrape has, by name: its labels. */
const samples = new Map<string, readonly string[]>([
  ...Object.entries({ ...counters, ...gauges }),
  ...Object.entries(histograms).flatMap(([name, labels]) => [
    [`${name}_bucket`, [...labels, 'le']] as const,
    [`${name}_sum`, labels] as const,
    [`${name}_count`, labels] as const,
  ]),
])
const isCounted = (name: string): boolean => name in counters || /_(bucket|sum|count)$/.test(name)

/** What is wrong with an expression; nothing where it can be asked. */
function problemsOf(expression: string): string[] {
  const problems: string[] = []
  const text = ({ from, to }: SyntaxNode): string => expression.slice(from, to)
  const names = new Set<string>()
  const labelsUsed = new Set<string>()
  const visit = (node: SyntaxNode): void => {
    if (node.type.isError) problems.push(`no PromQL at ${node.from}`)
    if (node.name === 'VectorSelector') {
      const name = node.getChild('Identifier')
      const metric = name === null ? '' : text(name)
      names.add(metric)
      const isRange = node.parent?.name === 'MatrixSelector'
      if (!samples.has(metric)) problems.push(`no metric ${metric}`)
      else if (isCounted(metric) && !isRange) problems.push(`${metric} is a counter: its rate is meant`)
    }
    if (node.name === 'LabelName') labelsUsed.add(text(node))
    for (let child = node.firstChild; child !== null; child = child.nextSibling) visit(child)
  }
  visit(parser.parse(expression).topNode)
  const known = new Set(['application', 'worker', ...[...names].flatMap((name) => samples.get(name) ?? [])])
  for (const label of labelsUsed) if (!known.has(label)) problems.push(`no label ${label}`)
  return problems
}

const metricsIn = (expressions: readonly string[]): Set<string> =>
  new Set(
    expressions.flatMap((one) =>
      [...one.matchAll(/wallarx_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')),
    ),
  )

interface Dashboard {
  readonly title: string
  readonly uid: string
  readonly schemaVersion: number
  readonly panels: readonly {
    readonly id: number
    readonly type: string
    readonly title: string
    readonly description?: string
    readonly datasource?: { readonly uid: string }
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
    readonly targets?: readonly {
      readonly expr: string
      readonly refId: string
      readonly datasource: { readonly uid: string }
    }[]
  }[]
  readonly templating: {
    readonly list: readonly {
      readonly name: string
      readonly type: string
      readonly query: string | { readonly query: string }
    }[]
  }
}

describe('docs/monitoring/grafana-dashboard.json', () => {
  const dashboard = JSON.parse(readFileSync('docs/monitoring/grafana-dashboard.json', 'utf8')) as Dashboard
  const targets = dashboard.panels.flatMap((panel) => panel.targets ?? [])
  const variables = dashboard.templating.list
  const expressions = targets.map(({ expr }) => expr)

  test.each(expressions)('%s', (expression) => {
    const used = [...expression.matchAll(/\$(\w+)/g)].map(([, name]) => name!)
    const names = [...variables.map(({ name }) => name), '__rate_interval']
    for (const name of used) expect(names).toContain(name)
    expect(problemsOf(expression.replaceAll('$__rate_interval', '5m'))).toEqual([])
  })

  test('every panel has its own id, a title, a place of its own, and says what it shows', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const taken = new Set<string>()
    for (const { type, title, description, gridPos, targets: own = [] } of panels) {
      expect(title).not.toBe('')
      if (type !== 'row') expect(description).toMatch(/\.$/)
      if (type !== 'row') expect(own.length).toBeGreaterThan(0)
      expect(new Set(own.map(({ refId }) => refId)).size).toBe(own.length)
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), title).toBe(false)
          taken.add(`${x},${y}`)
        }
      }
    }
  })

  test('asks the data source that is chosen, and no other', () => {
    expect(variables.find(({ name }) => name === 'datasource')).toMatchObject({
      type: 'datasource',
      query: 'prometheus',
    })
    for (const { datasource } of targets) expect(datasource.uid).toBe('${datasource}')
    for (const { type, datasource } of dashboard.panels)
      if (type !== 'row') expect(datasource?.uid).toBe('${datasource}')
  })

  test('its variables are labels of metrics that there are', () => {
    for (const { type, query } of variables) {
      if (type !== 'query') continue
      const [, selector, label] = /^label_values\((.*), (\w+)\)$/.exec((query as { query: string }).query)!
      expect(problemsOf(`count by (${label!}) (${selector!})`)).toEqual([])
    }
  })

  test('shows every metric that there is', () => {
    const there = Object.keys({ ...counters, ...gauges, ...histograms })
    expect(there.filter((name) => !metricsIn(expressions).has(name))).toEqual([])
  })
})

describe('docs/monitoring/alerts.yml', () => {
  interface Rule {
    readonly alert: string
    readonly expr: string
    readonly for?: string
    readonly labels: { readonly severity: string }
    readonly annotations: { readonly summary: string; readonly description: string }
  }
  const { groups } = parse(readFileSync('docs/monitoring/alerts.yml', 'utf8')) as {
    readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
  }
  const rules = groups.flatMap((group) => group.rules)

  test.each(rules.map((rule) => [rule.alert, rule] as const))('%s', (alert, rule) => {
    expect(problemsOf(rule.expr)).toEqual([])
    expect(Object.keys(rule).filter((key) => !['alert', 'expr', 'for', 'labels', 'annotations'].includes(key))).toEqual(
      [],
    )
    expect(alert).toMatch(/^Wallarx[A-Z]\w+$/)
    expect(rule.for ?? '0s').toMatch(/^\d+[smh]$/)
    expect(['warning', 'critical']).toContain(rule.labels.severity)
    expect(rule.annotations.description).toMatch(/\.$/)
    for (const [, name] of rule.annotations.summary.matchAll(/\{\{ \$labels\.(\w+) \}\}/g)) {
      const labels = [...metricsIn([rule.expr])].flatMap((one) => samples.get(one) ?? histograms[one] ?? [])
      expect(['application', 'worker', ...labels]).toContain(name)
    }
  })

  test('every alert has a name of its own', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length)
  })
})

test('what is no PromQL, no metric, no label, or a counter without its rate is found', () => {
  expect(problemsOf('sum(wallarx_ready')).not.toEqual([])
  expect(problemsOf('wallarx_unready')).toEqual(['no metric wallarx_unready'])
  expect(problemsOf('sum by (colour) (wallarx_ready{size="1"})')).toEqual(['no label colour', 'no label size'])
  expect(problemsOf('wallarx_errors_total > 1')).toEqual(['wallarx_errors_total is a counter: its rate is meant'])
})
