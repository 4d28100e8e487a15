/** A bar of `#`, `width` characters for a share of 1. */
export const bar = (share: number, width: number): string => '#'.repeat(Math.round(Math.min(1, share) * width))
