/** Worst-case stack use from what gcc says of each function (`-fcallgraph-info=su`, a VCG graph per source). */

export interface CallGraph {
  /** Bytes of each function's frame. */
  readonly frames: ReadonlyMap<string, number>;
  /** Functions it calls; INDIRECT for a call through a pointer. */
  readonly calls: ReadonlyMap<string, ReadonlySet<string>>;
}

export const INDIRECT = "__indirect_call";

const NODE = /^node: \{ title: "([^"]+)" label: "[^"]*?(?:\\n(\d+) bytes \(([a-z,]+)\))?"/gm;
const EDGE = /^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/gm;

/** Functions keep the name that gcc gives them: "file.c:name" for static ones. Throws where a frame has no fixed size. */
export function readCallGraph(texts: readonly string[]): CallGraph {
  const frames = new Map<string, number>();
  const calls = new Map<string, Set<string>>();
  for (const text of texts) {
    for (const [, name, bytes, kind] of text.matchAll(NODE)) {
      if (bytes === undefined) continue;
      if (kind !== "static") throw new Error(`${name} has a frame that is ${kind}: its stack use has no bound`);
      frames.set(name, Number(bytes));
    }
    for (const [, from, to] of text.matchAll(EDGE)) calls.set(from, (calls.get(from) ?? new Set()).add(to));
  }
  return { frames, calls };
}

export interface StackRules {
  /** Bytes of functions that are not in the graph; undefined: nothing is known, which is an error. */
  readonly outside: (name: string) => number | undefined;
  /** What a function may reach by a call through a pointer. */
  readonly indirect: (caller: string) => readonly string[];
  /** Bytes that a frame takes on the machine, given what gcc says. */
  readonly frame: (bytes: number) => number;
}

export interface StackUse {
  readonly bytes: number;
  /** Functions from the first one down to the deepest. */
  readonly path: readonly string[];
}

/** The deepest chain of calls from a function. Throws on recursion, and for functions of which nothing is known. */
export function stackUse(graph: CallGraph, root: string, rules: StackRules): StackUse {
  const known = new Map<string, StackUse>();
  const above: string[] = [];
  const visit = (name: string): StackUse => {
    if (above.includes(name)) throw new Error(`recursion: ${[...above.slice(above.indexOf(name)), name].join(" > ")}`);
    const before = known.get(name);
    if (before !== undefined) return before;
    above.push(name);
    const callees = [...(graph.calls.get(name) ?? [])].flatMap((to) => (to === INDIRECT ? rules.indirect(name) : [to]));
    const deepest = callees
      .map(visit)
      .reduce((a, b) => (b.bytes > a.bytes ? b : a), { bytes: 0, path: [] } as StackUse);
    above.pop();
    const use = { bytes: frameOf(graph, name, rules) + deepest.bytes, path: [name, ...deepest.path] };
    known.set(name, use);
    return use;
  };
  return visit(root);
}

function frameOf({ frames }: CallGraph, name: string, { outside, frame }: StackRules): number {
  const own = frames.get(name);
  if (own !== undefined) return frame(own);
  const bytes = outside(name);
  if (bytes === undefined) throw new Error(`nothing is known of the stack use of ${name}`);
  return bytes;
}
