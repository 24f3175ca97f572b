/**
 * A strict reader of HTML that is written as it should be: every element closed in order, every attribute quoted and given once, every reference
 * known. It is stricter than a browser, which repairs silently.
 */
export interface HtmlElement {
  readonly tag: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: HtmlElement[];
  /** Own and inner text, references resolved. */
  text: string;
}

const VOID = new Set(["meta", "link", "br", "hr", "img", "input"]);
const RAW = new Set(["style", "script"]);
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', nbsp: "\u00a0" };

/** Parses a document; throws with the place of the first fault. */
export function parseHtml(html: string): HtmlElement {
  const doctype = "<!DOCTYPE html>\n";
  if (!html.startsWith(doctype)) throw new Error("no doctype");
  const root: HtmlElement = { tag: "#document", attributes: new Map(), children: [], text: "" };
  const stack = [root];
  const token = /<(\/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-zA-Z:-]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+)/y;
  token.lastIndex = doctype.length;
  while (token.lastIndex < html.length) {
    const at = token.lastIndex;
    const match = token.exec(html);
    if (match === null) throw new Error(`not HTML: ${html.slice(at, at + 80)}`);
    const [, closing, name, attributes, selfClosing, text] = match;
    const top = stack[stack.length - 1];
    if (text !== undefined) {
      const resolved = resolve(text);
      for (const open of stack) open.text += resolved;
    } else if (closing === "/") {
      if (top.tag !== name) throw new Error(`</${name}> closes <${top.tag}>: ${html.slice(at - 80, at + 20)}`);
      stack.pop();
    } else {
      const element: HtmlElement = { tag: name, attributes: readAttributes(attributes), children: [], text: "" };
      top.children.push(element);
      if (RAW.has(name)) token.lastIndex = readRaw(html, token.lastIndex, element);
      else if (selfClosing === "" && !VOID.has(name)) stack.push(element);
    }
  }
  if (stack.length !== 1) throw new Error(`<${stack[stack.length - 1].tag}> is not closed`);
  return root;
}

function readRaw(html: string, from: number, element: HtmlElement): number {
  const end = html.indexOf(`</${element.tag}>`, from);
  if (end < 0) throw new Error(`<${element.tag}> is not closed`);
  element.text = html.slice(from, end);
  return end + element.tag.length + 3;
}

function readAttributes(text: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name, value] of text.matchAll(/([a-zA-Z:-]+)(?:="([^"]*)")?/g)) {
    if (attributes.has(name)) throw new Error(`attribute ${name} is given twice: ${text}`);
    attributes.set(name, resolve(value ?? ""));
  }
  return attributes;
}

function resolve(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]+;|#\d+;|\w+;)?/g, (all, reference: string | undefined) => {
    if (reference === undefined) throw new Error(`bare &: ${text.slice(0, 80)}`);
    const body = reference.slice(0, -1);
    if (body.startsWith("#x")) return String.fromCodePoint(Number.parseInt(body.slice(2), 16));
    if (body.startsWith("#")) return String.fromCodePoint(Number(body.slice(1)));
    if (!(body in NAMED)) throw new Error(`unknown reference ${all}`);
    return NAMED[body];
  });
}

/** All elements below `element` for which `test` holds, in document order. */
export function findAll(element: HtmlElement, test: (element: HtmlElement) => boolean): HtmlElement[] {
  return element.children.flatMap((child) => [...(test(child) ? [child] : []), ...findAll(child, test)]);
}

export function byId(root: HtmlElement, id: string): HtmlElement {
  const found = findAll(root, (element) => element.attributes.get("id") === id);
  if (found.length !== 1) throw new Error(`${found.length} elements have the id ${id}`);
  return found[0];
}

export function hasClass(element: HtmlElement, name: string): boolean {
  return (element.attributes.get("class") ?? "").split(/\s+/).includes(name);
}

export function withClass(root: HtmlElement, name: string): HtmlElement[] {
  return findAll(root, (element) => hasClass(element, name));
}
