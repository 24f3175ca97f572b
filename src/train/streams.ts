/** Second word of every random stream (the first is the seed): what the numbers are for. Values are part of the results; never reuse one. */
export const STREAM = {
  /** (seed, initialize, layer) */
  initialize: 1,
  /** (seed, order, epoch) */
  order: 2,
  /** (seed, augment, epoch, picture) */
  augment: 3,
  /** (seed, dropout, step, layer) */
  dropout: 4,
  /** (seed, search, candidate) */
  search: 5,
} as const;
