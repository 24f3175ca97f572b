/** Runs `work` on at most `limit` items at a time and yields the results in the items' order. */
export async function* mapOrdered<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<{ readonly item: T; readonly result: R }> {
  const running: { item: T; result: Promise<R> }[] = [];
  const start = (item: T) => {
    const result = work(item);
    // A failure is reported when its turn comes, which may be after the consumer has left.
    result.catch(() => undefined);
    running.push({ item, result });
  };
  try {
    for (const item of items) {
      start(item);
      if (running.length < limit) continue;
      const first = running.shift()!;
      yield { item: first.item, result: await first.result };
    }
    for (let first = running.shift(); first !== undefined; first = running.shift()) {
      yield { item: first.item, result: await first.result };
    }
  } finally {
    await Promise.allSettled(running.map(({ result }) => result));
  }
}
