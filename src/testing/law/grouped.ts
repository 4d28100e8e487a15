/**
 * The items by name: names in the order in which they first come, and the items of each in their order.
 *
 *   grouped(['to', 'be', 'not'], (word) => word.length)   2 → to be, 3 → not
 */
export function grouped<Item, Name>(items: readonly Item[], nameOf: (item: Item) => Name): Map<Name, Item[]> {
  const groups = new Map<Name, Item[]>()
  for (const item of items) {
    const name = nameOf(item)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [item])
    else group.push(item)
  }
  return groups
}
