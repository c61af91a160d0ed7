/** What a page and its workers may do: the one text of headers, of built pages and of the service worker. Pure functions. */

/** Sources of scripts of documents and workers whose name says that gpu.js runs there: it compiles code at run time. */
const COMPILES = /(^|\/)(verify\.html|[^/]*oracle[^/]*\.js)$/;

/**
 * The Content-Security-Policy of the file at a URL's path. Nothing but own files, no eval, no inline script; whoever makes a
 * worker needs the policy of own-scripts.ts. A worker has the policy of its own script, so a file may differ from its page.
 */
export function contentSecurityPolicy(path: string): string {
  const compiles = COMPILES.test(path);
  return [
    "default-src 'none'",
    `script-src 'self'${compiles ? " 'unsafe-eval' 'wasm-unsafe-eval'" : ""}`,
    "worker-src 'self'",
    "connect-src 'self'",
    "img-src 'self' blob: data:",
    "font-src 'self'",
    "manifest-src 'self'",
    "style-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    // gpu.js hands strings to `Function`, which Trusted Types refuse.
    ...(compiles ? [] : ["require-trusted-types-for 'script'", "trusted-types default"]),
  ].join("; ");
}

/** The same for a `<meta>` of the page, for hosts that set no headers: there the browser knows no `frame-ancestors`. */
export const metaPolicy = (path: string): string =>
  contentSecurityPolicy(path)
    .split("; ")
    .filter((rule) => !rule.startsWith("frame-ancestors"))
    .join("; ");

/** Headers that isolate a page from other origins, which memory shared between ranks needs, and hold it to its policy. */
export const securityHeaders = (path: string): Record<string, string> => ({
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": contentSecurityPolicy(path),
});
