/** What the terminal shows a page beside the app: folders to read from, and one run to write to. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { DataError, messageOf } from "../data/data-error";
import { type FileSource, pathParts } from "../data/source";
import { type CommitHead, FULL_STATUS } from "../ranks/http-storage";
import { type RunStorage, StorageFull } from "../train/storage";

/** Trees by the first part of their URL: `{ data: ... }` answers below `/data/`. */
export interface Mounts {
  readonly read?: Readonly<Record<string, FileSource>>;
  /** Answers below `/run/`, and is written to. */
  readonly run?: RunStorage;
}

interface Answer {
  readonly status: number;
  readonly body?: Uint8Array | string;
  readonly type?: string;
}

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";
const notFound: Answer = { status: 404, body: "not found" };

/** Answers requests below the mounts; a page of another origin gets nothing. */
export class MountServer {
  constructor(private readonly mounts: Mounts) {}

  /** False when the path is none of a mount's; else the answer is given, failures included. */
  async handle(request: IncomingMessage, response: ServerResponse, headers: Record<string, string>): Promise<boolean> {
    const path = (request.url ?? "/").split("?", 1)[0];
    const [, mount, ...rest] = path.split("/");
    const source = Object.hasOwn(this.mounts.read ?? {}, mount) ? this.mounts.read![mount] : undefined;
    const run = mount === "run" ? this.mounts.run : undefined;
    if ((source === undefined && run === undefined) || rest.length === 0) return false;
    let answer: Answer;
    try {
      const decoded = rest.map(decodeURIComponent);
      // A slash or a NUL inside a part would make another path of it.
      if (decoded.some((part) => /[/\0]/.test(part))) throw new DataError("the path has an escaped slash");
      const isFolder = decoded[decoded.length - 1] === "";
      const inside = (isFolder ? decoded.slice(0, -1) : decoded).join("/");
      pathParts(inside);
      if (!isOwn(request)) answer = { status: 403, body: "only the served page may ask" };
      else if (source !== undefined) answer = await readFrom(source, request.method, inside, isFolder);
      else answer = await this.#run(run!, request, inside, isFolder);
    } catch (error) {
      answer = { status: statusOf(error), body: messageOf(error) };
    }
    const { status, body = "", type = TEXT_TYPE } = answer;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    response.writeHead(status, { ...headers, "content-type": type, "content-length": length });
    response.end(request.method === "HEAD" ? undefined : body);
    return true;
  }

  async #run(run: RunStorage, request: IncomingMessage, path: string, isFolder: boolean): Promise<Answer> {
    switch (request.method) {
      case "GET": {
        const paths = await run.list();
        if (path === "") return { status: 200, body: JSON.stringify(paths), type: JSON_TYPE };
        return paths.includes(path)
          ? { status: 200, body: await run.read(path), type: "application/octet-stream" }
          : notFound;
      }
      case "PUT": {
        const body = await bodyOf(request);
        if (isFolder) await commit(run, path, body);
        else await run.write(path, body);
        return { status: 204 };
      }
      case "DELETE":
        if (path === "") return { status: 400, body: "a run is not deleted from its page" };
        await run.remove(path);
        return { status: 204 };
      default:
        return { status: 405, body: `${request.method} is not known here` };
    }
  }
}

/** The files of a checkpoint, all in one body behind a line that names them. Throws DataError when the body has another length. */
async function commit(run: RunStorage, folder: string, body: Uint8Array<ArrayBuffer>): Promise<void> {
  const end = body.indexOf(10);
  const { files, beside } = JSON.parse(new TextDecoder().decode(body.subarray(0, Math.max(0, end)))) as CommitHead;
  for (const [path] of [...files, ...beside]) pathParts(path);
  let at = end + 1;
  const take = (of: CommitHead["files"]): Map<string, Uint8Array<ArrayBuffer>> =>
    new Map(
      of.map(([name, sizeBytes]) => {
        at += sizeBytes;
        return [name, body.subarray(at - sizeBytes, at)];
      }),
    );
  const [inside, outside] = [take(files), take(beside)];
  if (at !== body.byteLength)
    throw new DataError(`"${folder}": ${body.byteLength} bytes came, expected ${at}; nothing was written`);
  await run.commit(folder, inside, outside);
}

function statusOf(error: unknown): number {
  if (error instanceof StorageFull) return FULL_STATUS;
  return error instanceof DataError || error instanceof URIError || error instanceof SyntaxError ? 400 : 500;
}

/** Keeps away pages that reach this server under a name of their own (DNS rebinding) or from another origin. */
function isOwn({ headers }: IncomingMessage): boolean {
  const { host = "", origin } = headers;
  return /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(host) && (origin === undefined || origin === `http://${host}`);
}

async function readFrom(
  source: FileSource,
  method: string | undefined,
  path: string,
  isFolder: boolean,
): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return { status: 405, body: `${method} is not known here` };
  if (isFolder || path === "") return { status: 200, body: JSON.stringify(await source.list(path)), type: JSON_TYPE };
  if (!(await source.has(path))) return notFound;
  return { status: 200, body: method === "HEAD" ? "" : await source.read(path), type: "application/octet-stream" };
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return new Uint8Array(Buffer.concat(pieces));
}
