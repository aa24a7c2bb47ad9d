/** Requests to the object store, by the leave that the API gave. */

import type { Shape, StoredPart } from "./parts";

export interface Leave {
  readonly number: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface StoredPartList extends Shape {
  readonly parts: readonly StoredPart[];
}

export class StoreError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(`the store answered ${status} ${code}`);
    this.name = "StoreError";
    this.status = status;
    this.code = code;
  }
}

/** No byte went out for this long: the connection is dead, whatever the browser thinks. */
const STALL_MS = 60_000;

/** PUT one part, once. XMLHttpRequest, because fetch tells nothing of what has gone out.
 *
 * @throws StoreError when it was not stored; status 0 when there was no answer.
 */
export function putPart(
  leave: Leave,
  body: ArrayBuffer,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const request = new XMLHttpRequest();
    let stall = setTimeout(() => request.abort(), STALL_MS);
    const abort = () => request.abort();
    const end = () => {
      clearTimeout(stall);
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort);
    request.open("PUT", leave.url);
    for (const [name, value] of Object.entries(leave.headers)) {
      // The browser says the length by itself, and lets nobody else.
      if (name.toLowerCase() !== "content-length") request.setRequestHeader(name, value);
    }
    request.upload.onprogress = ({ loaded }) => {
      clearTimeout(stall);
      stall = setTimeout(() => request.abort(), STALL_MS);
      onSent(loaded);
    };
    request.onload = () => {
      end();
      if (request.status >= 200 && request.status < 300) resolve();
      else {
        const code = /<Code>([^<]{1,100})<\/Code>/.exec(request.responseText)?.[1] ?? "";
        reject(new StoreError(request.status, code));
      }
    };
    request.onerror = () => {
      end();
      reject(new StoreError(0, ""));
    };
    request.onabort = () => {
      end();
      reject(signal.aborted ? signal.reason : new StoreError(0, "stalled"));
    };
    request.send(body);
  });
}

/** Base64 of the SHA-256 of these bytes. */
export async function sha256(body: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  return btoa(String.fromCharCode(...digest));
}
