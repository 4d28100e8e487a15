/* Elements without a framework. Text is always text: nothing here, or elsewhere in the page, reads HTML. */

type Attributes = Readonly<Record<string, string | number | boolean | undefined>>
type Child = Node | string

export function el<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

export function svg<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  setAttributes(element, attributes)
  element.append(...children)
  return element
}

/** `false` and `undefined` take an attribute away. What is the same already is not touched. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name)
    else {
      const text = value === true ? '' : String(value)
      if (element.getAttribute(name) !== text) element.setAttribute(name, text)
    }
  }
}

/** Of an element that has nothing but text in it. What is there is changed, not replaced: it is hundreds a second. */
export function setText(element: Node, text: string): void {
  const { firstChild } = element
  if (firstChild instanceof Text) {
    if (firstChild.data !== text) firstChild.data = text
  } else if (text !== '') element.textContent = text
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown
}

/** One item of a list, as it is shown. */
export interface Shown<Item> {
  readonly element: Element
  update(item: Item): void
}

/** Keeps the children of `parent` as the items say: the same key is the same element, which keeps its focus. */
export function createList<Item>(
  parent: Element,
  keyOf: (item: Item) => string,
  create: (item: Item) => Shown<Item>,
): (items: readonly Item[]) => void {
  const all = new Map<string, Shown<Item>>()
  return (items) => {
    const keys = new Set(items.map(keyOf))
    for (const [key, { element }] of all) {
      if (keys.has(key)) continue
      element.remove()
      all.delete(key)
    }
    let next = parent.firstElementChild
    for (const item of items) {
      const key = keyOf(item)
      let shown = all.get(key)
      if (shown === undefined) all.set(key, (shown = create(item)))
      shown.update(item)
      if (shown.element === next) next = next.nextElementSibling
      else parent.insertBefore(shown.element, next)
    }
  }
}

/** A row of a table whose first cell is its head. */
export function createRow(columns: number, head: Child = ''): { row: HTMLTableRowElement; cells: HTMLElement[] } {
  const cells: HTMLElement[] = [el('th', { scope: 'row' }, head)]
  for (let column = 1; column < columns; column++) cells.push(el('td'))
  return { row: el('tr', {}, ...cells), cells }
}

/** A table that scrolls within itself where it is too wide; by keyboard too. */
export function createTable(
  label: string,
  columns: readonly string[],
): { element: HTMLElement; body: HTMLTableSectionElement } {
  const body = el('tbody')
  const head = el('tr', {}, ...columns.map((column) => el('th', { scope: 'col' }, column)))
  const table = el('table', {}, el('caption', { class: 'unseen' }, label), el('thead', {}, head), body)
  return { element: el('div', { class: 'scroll', role: 'group', tabindex: 0, 'aria-label': label }, table), body }
}

/** A part of the page with its heading. */
export function createPart(id: string, title: string, ...children: readonly Child[]): HTMLElement {
  return el(
    'section',
    { id, class: 'part', 'aria-labelledby': `${id}-title` },
    el('h2', { id: `${id}-title` }, title),
    ...children,
  )
}
