import type { TopologyReport } from '../../monitored.ts'

/** The topology as a flowchart of Mermaid, each pipeline a box. */
export function mermaidOf({ pipelines }: TopologyReport): string {
  const lines = ['flowchart LR']
  for (const [at, { name, nodes, edges }] of pipelines.entries()) {
    const ids = new Map(nodes.map(({ id }, place) => [id, `p${at}n${place}`]))
    lines.push(`  subgraph p${at}[${quoted(name)}]`)
    for (const node of nodes) {
      const [open, close] = shapes[node.kind]
      const partition = node.partition === undefined ? [] : [node.partition]
      lines.push(`    ${ids.get(node.id)!}${open}${quoted(node.name, ...partition)}${close}`)
    }
    for (const { from, to } of edges) {
      const [source, target] = [ids.get(from), ids.get(to)]
      if (source !== undefined && target !== undefined) lines.push(`    ${source} --> ${target}`)
    }
    lines.push('  end')
  }
  return `${lines.join('\n')}\n`
}

const shapes = { source: ['([', '])'], step: ['[', ']'], sink: ['[(', ')]'] } as const

/** Mermaid knows entities, and takes anything else in quotes as it is. */
const quoted = (...texts: readonly string[]): string => `"${texts.map(escaped).join('<br/>')}"`

const escaped = (text: string): string =>
  text.replace(/[^\p{L}\p{N} .,:/_+*=()-]/gu, (one) => `#${one.codePointAt(0)!};`)
