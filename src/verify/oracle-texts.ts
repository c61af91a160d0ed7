/** The oracles' sources as texts: a minifier's renaming would break them. */
const files = import.meta.glob<string>("./oracles/*.gpujs.js", { query: "?raw", import: "default", eager: true });

/** One file of oracles/: its kernels by name, and the functions that they call. */
export interface OracleFile {
  readonly kernels: ReadonlyMap<string, { readonly source: string; readonly parameters: readonly string[] }>;
  readonly functions: readonly string[];
}

const HEAD = /^function (\w+)\(([^)]*)\)/;

/** Splits a file at its functions: one that uses `this` is a kernel, any other is called by kernels. Throws on anything else. */
export function readOracles(name: string, text: string): OracleFile {
  const kernels = new Map<string, { source: string; parameters: string[] }>();
  const functions: string[] = [];
  for (const source of text.split(/^(?=function )/m).slice(1)) {
    // What stands before the next function is that one's comment.
    const body = `${source.slice(0, source.lastIndexOf("\n}"))}\n}`;
    const head = HEAD.exec(body);
    if (!head) throw new Error(`oracles/${name}.gpujs.js: no function head in "${body.slice(0, 40)}"`);
    const parameters = head[2].split(",").map((p) => p.trim());
    if (/\bthis\./.test(body)) kernels.set(head[1], { source: body, parameters: parameters.filter((p) => p !== "") });
    else functions.push(body);
  }
  return { kernels, functions };
}

const nameOf = (path: string): string => path.replace(/^.*\//, "").replace(".gpujs.js", "");

const all = new Map(Object.entries(files).map(([path, text]) => [nameOf(path), readOracles(nameOf(path), text)]));

/** The oracles of an op, with the functions of the library. Throws when there is no such file. */
export function oraclesOf(op: string): OracleFile {
  const file = all.get(op);
  if (!file) throw new Error(`oracles/${op}.gpujs.js is not there`);
  const library = [...all].filter(([name]) => name.startsWith("lib-")).flatMap(([, { functions }]) => functions);
  return { kernels: file.kernels, functions: [...file.functions, ...library] };
}
