import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";
import { securityHeaders } from "../security/policy";
import { MountServer, type Mounts } from "./mounts";

/** A running static server. */
export interface StaticServer {
  /** `http://localhost:PORT`, without a slash at its end. */
  readonly url: string;
  close(): void;
}

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".ico": "image/x-icon",
  ".wasm": "application/wasm",
  ".wgsl": "text/plain; charset=utf-8",
  ".md": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".py": "text/plain; charset=utf-8",
  ".yaml": "text/yaml; charset=utf-8",
};

/**
 * Headers of every answer: cross-origin isolation, which shared memory between ranks needs, and a policy that keeps the
 * page to its own origin. What gpu.js runs in may compile code at run time.
 */
export function headersFor(path: string): Record<string, string> {
  return {
    "content-type": TYPES[extname(path)] ?? "application/octet-stream",
    "cache-control": "no-cache",
    ...securityHeaders(path),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy":
      "camera=(), microphone=(), geolocation=(), usb=(), serial=(), hid=(), bluetooth=(), payment=()",
  };
}

/** File under `folder` that a URL path means, or undefined when there is none or it would leave the folder. */
export function resolveFile(folder: string, urlPath: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
  if (decoded.includes("\0")) return undefined;
  const root = normalize(folder + sep);
  const path = normalize(join(root, decoded.endsWith("/") ? `${decoded}index.html` : decoded));
  if (!path.startsWith(root)) return undefined;
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

/**
 * Serves `folder`, and `mounts` over it, to this machine only, on `port` or the next free one of ten; with port 0 on any
 * free one. Throws when none of them is free.
 */
export async function serve(folder: string, port: number, mounts: Mounts = {}): Promise<StaticServer> {
  const mountServer = new MountServer(mounts);
  const server = createServer(async (request, response) => {
    if (await mountServer.handle(request, response, headersFor(".txt"))) return;
    const urlPath = (request.url ?? "/").split(/[?#]/, 1)[0];
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return;
    }
    const path = resolveFile(folder, urlPath);
    if (path === undefined) {
      response.writeHead(404, headersFor(".txt")).end(`not found: ${urlPath}\n`);
      return;
    }
    response.writeHead(200, { ...headersFor(path), "content-length": statSync(path).size });
    if (request.method === "HEAD") response.end();
    else
      createReadStream(path)
        .on("error", () => response.destroy())
        .pipe(response);
  });
  const listen = (candidate: number) =>
    new Promise<boolean>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
        else reject(error);
      });
      server.listen(candidate, "localhost", () => {
        server.removeAllListeners("error");
        resolve(true);
      });
    });
  const candidates = port === 0 ? [0] : Array.from({ length: 10 }, (_, i) => port + i);
  for (const candidate of candidates) {
    if (!(await listen(candidate))) continue;
    const address = server.address();
    const bound = typeof address === "object" && address !== null ? address.port : candidate;
    return {
      url: `http://localhost:${bound}`,
      close() {
        server.closeAllConnections();
        server.close();
      },
    };
  }
  throw new Error(`serve: none of the ports ${port} to ${port + 9} is free; name another with --port`);
}
