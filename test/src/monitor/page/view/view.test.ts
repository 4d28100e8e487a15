/** What is true of the figures, words and places of a report, for all reports. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventReader, type ServerEvent } from '../../../../../src/monitor/page/view/eventStream.ts'
import { flowOf, slowestOf } from '../../../../../src/monitor/page/view/flow.ts'
import * as format from '../../../../../src/monitor/page/view/format.ts'
import { layOut } from '../../../../../src/monitor/page/view/layout.ts'
import { percentileOf, since } from '../../../../../src/monitor/page/view/percentiles.ts'
import { reportAt } from '../../../../support/page/reports.ts'

const plain = (text: string): string => text.replaceAll('\u202f', ' ')

describe('figures', () => {
  test.each([
    [format.formatCount(1_234_567), '1,234,567'],
    [format.formatRate(0), '0'],
    [format.formatRate(0.25), '0.3'],
    [format.formatRate(52_340.7), '52,341'],
    [format.formatShort(0), '0'],
    [format.formatShort(999), '999'],
    [format.formatShort(999.7), '1.00 k'],
    [format.formatShort(52_340), '52.3 k'],
    [format.formatShort(1.5e9), '1.50 G'],
    [format.formatDuration(0), '0'],
    [format.formatDuration(0.0004), '<1 µs'],
    [format.formatDuration(0.34), '340 µs'],
    [format.formatDuration(12.34), '12.3 ms'],
    [format.formatDuration(999.9), '1.0 s'],
    [format.formatDuration(61_000), '1 min 1 s'],
    [format.formatElapsed(59_999), '59 s'],
    [format.formatElapsed(7_260_000), '2 h 1 min'],
    [format.formatElapsed(-5), '0 s'],
    [format.formatBytes(999), '999 B'],
    [format.formatBytes(1_048_576), '1.05 MB'],
    [format.formatPercent(0.999), '99 %'],
    [format.formatPercent(1), '100 %'],
    [format.formatRanges([0, 1, 2, 5, 7, 8]), '0–2, 5, 7–8'],
    [format.formatRanges([]), ''],
  ])('%s is %s', (text, expected) => {
    expect(plain(text)).toBe(expected)
  })

  test('no figure is longer than its column', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e14, noNaN: true }), (figure) => {
        expect(format.formatBytes(figure).length).toBeLessThanOrEqual(7)
        expect(format.formatDuration(figure).length).toBeLessThanOrEqual(14)
      }),
    )
  })
})

describe('the layout', () => {
  const graphs = fc.integer({ min: 1, max: 9 }).chain((size) =>
    fc.record({
      nodes: fc.constant(Array.from({ length: size }, (_, id) => ({ id: String(id) }))),
      edges: fc.array(
        fc.record({ from: fc.nat({ max: size - 1 }).map(String), to: fc.nat({ max: size - 1 }).map(String) }),
        { maxLength: 14 },
      ),
    }),
  )

  test('has each node once, whatever the graph, circles among it', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { layers, routes } = layOut(graph)
        const placed = layers.flat().filter((id) => !id.startsWith('bend'))
        expect(placed.sort()).toEqual(graph.nodes.map(({ id }) => id).sort())
        expect(Array.from(layers, (layer) => (layer?.length ?? 0) > 0)).not.toContain(false)
        for (const [at, { from, to }] of graph.edges.entries()) {
          expect([routes[at]![0], routes[at]!.at(-1)]).toEqual([from, to])
        }
      }),
    )
  })

  test('of a graph without circles leads down, a layer at a time', () => {
    fc.assert(
      fc.property(graphs, ({ nodes, edges }) => {
        const downward = edges.filter(({ from, to }) => Number(from) < Number(to))
        const { layers, routes } = layOut({ nodes, edges: downward })
        const layerOf = (id: string): number => layers.findIndex((layer) => layer.includes(id))
        for (const route of routes) {
          const steps = route.slice(1).map((id, at) => layerOf(id) - layerOf(route[at]!))
          expect(new Set(steps)).toEqual(new Set([1]))
        }
      }),
    )
  })

  test('edges of nodes that are not there lead nowhere', () => {
    expect(layOut({ nodes: [{ id: 'a' }], edges: [{ from: 'a', to: 'b' }] }).routes).toEqual([[]])
  })
})

describe('events', () => {
  const events = fc.array(
    fc.record({
      event: fc.constantFrom('report', 'dead-letter'),
      data: fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    }),
  )
  test('are the same however the stream is cut', () => {
    fc.assert(
      fc.property(
        events,
        fc.constantFrom('\n', '\r\n'),
        fc.array(fc.integer({ min: 1, max: 9 })),
        (sent, end, cuts) => {
          const stream = sent
            .map(({ event, data }) => `: note${end}event: ${event}${end}data: ${data}${end}${end}`)
            .join('')
          const read = createEventReader()
          const got: ServerEvent[] = []
          let at = 0
          for (const cut of [...cuts, stream.length]) got.push(...read(stream.slice(at, (at += cut))))
          expect(got).toEqual(sent)
        },
      ),
    )
  })

  test('may have their data in several lines', () => {
    expect(createEventReader()('data: a\ndata:b\ndata\n\nevent: x\n\n')).toEqual([{ event: 'message', data: 'a\nb\n' }])
  })
})

describe('what flows', () => {
  test('along an edge is what came since the report before', () => {
    const [before, now] = [reportAt(99, { since: 99 }), reportAt(100, { since: 100 })]
    expect(flowOf(now.pipelines[0]!, now.at, before)).toEqual([5200, 5200, 5200, 52_300, 52_300, 52_300])
    expect(flowOf(now.pipelines[1]!, now.at, before)).toEqual([800, 800, 560, 560, 240, 240])
  })

  test('is as the nodes say where there is no report before', () => {
    const now = reportAt(100)
    expect(flowOf(now.pipelines[0]!, now.at)[0]).toBeCloseTo(now.pipelines[0]!.nodes[1]!.throughput.now)
  })

  test('never flows back: counts of another run are no flow', () => {
    expect(flowOf(reportAt(3).pipelines[0]!, reportAt(100).at, reportAt(90))).toEqual([0, 0, 0, 0, 0, 0])
  })

  test('is slowest in the step that takes the longest for half of its messages', () => {
    expect(reportAt(100).pipelines.map((pipeline) => slowestOf(pipeline)?.id)).toEqual(['count', 'lookup'])
  })
})

describe('percentiles', () => {
  const histograms = fc
    .array(fc.nat({ max: 1000 }), { minLength: 2, maxLength: 20 })
    .map((counts) => ({ bounds: counts.slice(1).map((_, place) => 2 ** place), counts }))

  test('grow with the part that they are of, and stay within the bounds', () => {
    fc.assert(
      fc.property(histograms, (histogram) => {
        const found = [0.1, 0.5, 0.99, 1].map((part) => percentileOf(histogram, part))
        if (histogram.counts.every((count) => count === 0)) expect(found).toEqual(Array(4).fill(undefined))
        else {
          expect(found).toEqual([...found].sort((one, other) => one! - other!))
          expect(found.at(-1)).toBeLessThanOrEqual(histogram.bounds.at(-1)!)
        }
      }),
    )
  })

  test('of what came since leave out what was before', () => {
    const bounds = [1, 10, 100]
    const newest = since({ bounds, counts: [900, 0, 10, 0] }, { bounds, counts: [900, 0, 0, 0] })
    expect(percentileOf(newest, 0.5)).toBe(55)
    expect(since({ bounds, counts: [1, 0, 0, 0] }, undefined).counts).toEqual([1, 0, 0, 0])
  })
})
