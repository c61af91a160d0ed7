/**
 * Sends the headers that a static host cannot: cross-origin isolation, which memory shared between ranks needs, and the policy of
 * each file, workers' included. Registered by isolation.ts only where the page came without them. Stores nothing.
 */
import { securityHeaders } from "../security/policy";

interface FetchEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface ServiceWorkerScope {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: Event & ExtendableWait) => void): void;
  addEventListener(type: "fetch", listener: (event: FetchEvent) => void): void;
}

interface ExtendableWait {
  waitUntil(work: Promise<unknown>): void;
}

const scope = globalThis as unknown as ServiceWorkerScope;

scope.addEventListener("install", (event) => event.waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin === location.origin) event.respondWith(withHeaders(request, pathname));
});

/** The server's answer with the headers of `securityHeaders`. */
async function withHeaders(request: Request, path: string): Promise<Response> {
  const response = await fetch(request);
  // A redirect that is left to the browser, or an answer that may not be looked into.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(securityHeaders(path))) headers.set(name, value);
  const { status, statusText } = response;
  // These may have no body.
  const body = [101, 204, 205, 304].includes(status) ? null : response.body;
  return new Response(body, { status, statusText, headers });
}
