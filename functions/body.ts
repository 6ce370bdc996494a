import type { HttpRequest } from "@azure/functions";

/**
 * Reads a request's body, all of it or nothing.
 *
 * @param mostBytes - the limit; what is announced as larger is not read, and what turns out larger is let go
 * @returns null when the body is larger
 */
export async function readBody(request: HttpRequest, mostBytes: number): Promise<Uint8Array | null> {
  if (Number(request.headers.get("content-length") ?? 0) > mostBytes) return null;
  if (!request.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body) {
    const bytes: Uint8Array = chunk;
    length += bytes.byteLength;
    if (length > mostBytes) return null;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
