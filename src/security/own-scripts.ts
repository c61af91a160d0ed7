/**
 * Lets nothing but scripts of this origin become workers, and no text become code or markup, where the document's policy asks for
 * Trusted Types (Chromium, Firefox 148 and later). To be imported by every entry that starts workers, before anything else.
 */

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

/** The URL itself when it is one of this origin; throws a TypeError otherwise. Blobs have this origin too, and are refused. */
export function ownScript(url: string, base: string): string {
  const [asked, own] = [new URL(url, base), new URL(base)];
  if (asked.protocol === own.protocol && asked.origin === own.origin) return url;
  throw new TypeError(`a script of ${asked.protocol}//${asked.host} was asked for, expected one of ${own.origin}`);
}

const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
// The name "default" makes the browser ask this policy wherever a plain string is given; there can be one in a document.
trustedTypes?.createPolicy("default", { createScriptURL: (url) => ownScript(url, location.href) });

// A policy does not hold peer connections back in every browser; nothing here makes one.
Reflect.deleteProperty(globalThis, "RTCPeerConnection");
